// Headless Chromium, spoken to over a pipe by the DevTools protocol: enough of it to open a page and look at it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/// The program, or null.
export function findChromium() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean);
  return names.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) ?? null;
}

export class Chromium {
  #next = 1;
  #waiting = new Map();
  #listeners = [];

  constructor(program) {
    this.profile = mkdtempSync(join(tmpdir(), 'hebb-chromium-'));
    const flags = [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic',
      '--disable-extensions', '--remote-debugging-pipe', `--user-data-dir=${this.profile}`,
    ];
    this.process = spawn(program, [...flags, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.ended = new Promise((resolve) => this.process.on('exit', resolve));
    this.ended.then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error('Chromium has ended'));
    });
    let text = '';
    this.process.stdio[4].setEncoding('utf8').on('data', (part) => {
      const messages = (text + part).split('\0');
      text = messages.pop();
      for (const message of messages) this.#receive(JSON.parse(message));
    });
  }

  #receive(message) {
    if (message.id === undefined) {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    const { resolve, reject } = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error) reject(new Error(message.error.message));
    else resolve(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.process.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  onEvent(listener) {
    this.#listeners.push(listener);
  }

  /// Opens an address; `scheme` is 'light' or 'dark'.
  async open(url, { scheme = 'light', width = 1280, height = 900 } = {}) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId, url);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
    await page.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
    await page.load(url);
    return page;
  }

  async close() {
    // Asked, it ends after its helpers; killed, they would go on writing into the folder while that is removed.
    this.send('Browser.close').catch(() => {});
    const deadline = setTimeout(() => this.process.kill('SIGKILL'), 10000);
    await this.ended;
    clearTimeout(deadline);
    try {
      rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
    } catch (error) {
      // A helper that outlives the browser may still write there. What it leaves says nothing of the page.
      console.warn(`left behind: ${this.profile}: ${error.message}`);
    }
  }
}

class Page {
  /// What the page said of errors, and what it asked for beside itself.
  errors = [];
  requests = [];

  constructor(browser, session, url) {
    this.browser = browser;
    this.session = session;
    browser.onEvent(({ method, params, sessionId }) => {
      if (sessionId !== session) return;
      if (method === 'Runtime.exceptionThrown') this.errors.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
      if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type))
        this.errors.push(params.args.map((a) => a.value ?? a.description).join(' '));
      if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level))
        this.errors.push(params.entry.text);
      const asked = params.request?.url ?? '';
      if (method === 'Network.requestWillBeSent' && asked !== url && !asked.startsWith('data:')) this.requests.push(asked);
      if (method === 'Page.loadEventFired') this.loaded?.();
    });
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  async load(url) {
    const loaded = new Promise((resolve) => (this.loaded = resolve));
    await this.send('Page.navigate', { url });
    await loaded;
    // Two frames later everything has been laid out and drawn.
    await this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  }

  /// The value of an expression, or of what it promises.
  async evaluate(expression) {
    const answer = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? 'an exception');
    return answer.result.value;
  }

  /// A PNG of the whole page.
  async picture() {
    const { cssContentSize } = await this.send('Page.getLayoutMetrics');
    const clip = { x: 0, y: 0, width: cssContentSize.width, height: cssContentSize.height, scale: 1 };
    const { data } = await this.send('Page.captureScreenshot', { clip, captureBeyondViewport: true });
    return Buffer.from(data, 'base64');
  }
}
