// Trains by the tool HEBB, opens the reports in headless Chromium, and compares what the charts hold with what
// the run folders say. With PICTURES=FOLDER, pictures of the pages are kept there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Chromium, findChromium } from './chromium.mjs';

const kSkipped = 77;
const hebb = process.env.HEBB;
const program = findChromium();
if (!program || !hebb) {
  console.log(`SKIPPED: ${program ? 'HEBB does not name the tool' : 'Chromium is not installed'}`);
  process.exit(kSkipped);
}

const folder = mkdtempSync(join(tmpdir(), 'hebb-report-'));
let browser;

function run(...args) {
  const result = spawnSync(hebb, args, { cwd: folder, encoding: 'utf8' });
  if (result.stderr.includes('no page for reports')) {
    console.log('SKIPPED: the tool was built without the page of reports');
    process.exit(kSkipped);
  }
  return result;
}
function trained(name, ...args) {
  const result = run('train', ...args, '--out', name, '-q');
  assert.equal(result.status, 0, result.stderr);
  return join(folder, name);
}
function lines(path) {
  return readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
}
async function open(path, options = {}) {
  const page = await browser.open(pathToFileURL(path).href, options);
  if (process.env.PICTURES) {
    const name = path.slice(folder.length + 1).replaceAll('/', '-').replace('.html', '');
    writeFileSync(join(process.env.PICTURES, `${name}-${options.scheme ?? 'light'}.png`), await page.picture());
  }
  return page;
}
/// What a chart draws: its lines by their labels.
async function chart(page, name) {
  const found = await page.evaluate(`(() => {
    const u = window.hebb.charts.get(${JSON.stringify(name)});
    return u && { x: Array.from(u.data[0]), lines: u.series.slice(1).map((s, i) => [s.label, Array.from(u.data[i + 1])]) };
  })()`);
  assert.ok(found, `there is no chart ${name}`);
  return { x: found.x, lines: new Map(found.lines) };
}
async function peaceful(page) {
  assert.deepEqual(page.errors, []);
  assert.deepEqual(page.requests, []);
}

before(() => {
  browser = new Chromium(program);
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

test('every chart draws what the run folder says', async () => {
  const path = trained('moons', '--data', 'moons', '--count', '300', '--noise', '0.2', '--model',
    'dense(16, act=relu) dense(2)', '--validation', '0.2', '--epochs', '12', '--schedule', 'cosine');
  for (const scheme of ['light', 'dark']) {
    const page = await open(join(path, 'report.html'), { scheme });
    await peaceful(page);
    const metrics = lines(join(path, 'metrics.jsonl'));
    const column = (key) => metrics.map((line) => line[key]);
    const expected = {
      loss: { 'training loss': 'train_loss', 'validation loss': 'validation_loss' },
      validation_accuracy: { accuracy: 'validation_accuracy' },
      learning_rate: { 'of the last step': 'learning_rate' },
      seconds: { seconds: 'seconds' },
    };
    for (const [name, series] of Object.entries(expected)) {
      const { x, lines: drawn } = await chart(page, name);
      assert.deepEqual(x, column('epoch'), name);
      assert.equal(drawn.size, Object.keys(series).length, name);
      for (const [label, key] of Object.entries(series)) assert.deepEqual(drawn.get(label), column(key), label);
    }
    const looks = lines(join(path, 'insight.jsonl'));
    const { x, lines: gradients } = await chart(page, 'gradient_norm');
    const { lines: updates } = await chart(page, 'update_ratio');
    const { lines: dead } = await chart(page, 'dead');
    assert.deepEqual(x, looks.map((look) => look.epoch));
    looks[0].layers.forEach((layer, i) => {
      assert.deepEqual(gradients.get(layer.name), looks.map((look) => look.layers[i].gradient_norm));
      assert.deepEqual(
        updates.get(layer.name),
        looks.map((look) => look.layers[i].update_norm / look.layers[i].weight_norm),
      );
    });
    looks[0].activations.forEach((layer, i) => {
      assert.deepEqual(dead.get(`${layer.name} of ${layer.units}`), looks.map((look) => look.activations[i].dead));
    });
    for (const name of ['boundary', 'weights/dense_1', 'activations/dense_2']) await chart(page, name);
    const cells = await page.evaluate(
      `Array.from(document.querySelectorAll('[data-chart=confusion] tbody tr'), (row) =>
         Array.from(row.cells).slice(1, 3).map((cell) => Number(cell.textContent)))`,
    );
    assert.deepEqual(cells, JSON.parse(readFileSync(join(path, 'outcome.json'))).validation.confusion);
    const config = await page.evaluate(`document.querySelector('[data-config]').textContent`);
    assert.equal(config, readFileSync(join(path, 'config.toml'), 'utf8'));
    // Nothing that was drawn is a blank picture.
    const blank = await page.evaluate(`Array.from(document.querySelectorAll('canvas')).filter((canvas) => {
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      return pixels.every((value, i) => value === pixels[i % 4]);
    }).length`);
    assert.equal(blank, 0);
  }
});

test('smoothing adds lines and leaves the raw ones; a logarithmic axis leaves out what is not positive', async () => {
  const page = await open(join(folder, 'moons', 'report.html'));
  const before = await chart(page, 'loss');
  await page.evaluate(`(async () => {
    const slider = document.querySelector('input[type=range]');
    slider.value = 0.9;
    slider.dispatchEvent(new Event('input'));
    document.querySelectorAll('input[type=checkbox]')[0].click();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  })()`);
  const after = await chart(page, 'loss');
  assert.deepEqual(after.lines.get('training loss'), before.lines.get('training loss'));
  const smooth = after.lines.get('training loss, smoothed');
  const raw = before.lines.get('training loss');
  let sum = 0;
  raw.forEach((value, i) => {
    sum = 0.9 * sum + 0.1 * value;
    assert.ok(Math.abs(smooth[i] - sum / (1 - 0.9 ** (i + 1))) < 1e-12);
  });
  assert.ok(await page.evaluate(`window.hebb.charts.get('loss').scales.y.distr === 3`));
  await peaceful(page);
});

test('pictures: worst examples and filters', async () => {
  const path = trained('strokes', '--data', 'strokes', '--count', '600', '--test-count', '200', '--model',
    'conv(8, kernel=5, stride=2, act=relu) flatten dense(10)', '--epochs', '2');
  for (const scheme of ['light', 'dark']) {
    const page = await open(join(path, 'report.html'), { scheme });
    await peaceful(page);
    const { worst, filters } = await page.evaluate(`({
      worst: window.hebb.report.runs[0].worst.samples.map((sample) => sample.picture),
      filters: document.querySelectorAll('[data-chart=filters] canvas').length,
    })`);
    assert.equal(filters, 8);
    const pixels = await page.evaluate(
      `Array.from(document.querySelectorAll('figure canvas.pixels'), (canvas) =>
         Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)
           .filter((_, i) => i % 4 === 0))`,
    );
    assert.equal(pixels.length, 24);
    worst.forEach((picture, i) => assert.deepEqual(pixels[i], [...Buffer.from(picture.pixels, 'base64')]));
  }
});

test('several runs side by side', async () => {
  trained('slow', '--data', 'iris', '--model', 'dense(3)', '--epochs', '5', '--optimizer', 'sgd', '--lr', '0.01');
  trained('fast', '--data', 'iris', '--model', 'dense(3)', '--epochs', '8', '--optimizer', 'sgd', '--lr', '0.1');
  assert.equal(run('report', 'slow', 'fast', '--out', 'both.html').status, 0);
  const page = await open(join(folder, 'both.html'));
  await peaceful(page);
  const { x, lines: drawn } = await chart(page, 'compare/train_loss');
  assert.deepEqual(x, [1, 2, 3, 4, 5, 6, 7, 8]);
  const losses = (name) => lines(join(folder, name, 'metrics.jsonl')).map((line) => line.train_loss);
  assert.deepEqual(drawn.get('slow'), [...losses('slow'), null, null, null]);
  assert.deepEqual(drawn.get('fast'), losses('fast'));
  await page.evaluate(`(async () => {
    [...document.querySelectorAll('button')].find((b) => b.textContent === 'fast').click();
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  })()`);
  assert.deepEqual((await chart(page, 'loss')).lines.get('training loss'), losses('fast'));
});

test('a run without its files says so', async () => {
  const path = trained('bare', '--data', 'iris', '--model', 'dense(3)', '--epochs', '2');
  for (const name of ['metrics.jsonl', 'insight.jsonl', 'outcome.json', 'best.safetensors']) rmSync(join(path, name));
  assert.equal(run('report', 'bare').status, 0);
  const page = await open(join(path, 'report.html'));
  await peaceful(page);
  const text = await page.evaluate('document.body.innerText');
  for (const words of ['No epoch was completed', 'Nothing was recorded', 'has not been evaluated', 'metrics.jsonl'])
    assert.ok(text.includes(words), words);
  assert.equal(await page.evaluate(`document.querySelectorAll('canvas').length`), 0);
});

test('a thousand epochs: under 2 MB', async () => {
  const path = trained('long', '--data', 'moons', '--count', '200', '--model',
    'dense(16, act=relu) dense(16, act=relu) dense(16, act=relu) dense(2)', '--validation', '0.2', '--epochs', '1000',
    '--batch-size', '40');
  const report = join(path, 'report.html');
  assert.ok(statSync(report).size < 2e6, `${statSync(report).size} bytes`);
  const page = await open(report);
  await peaceful(page);
  assert.equal((await chart(page, 'loss')).x.length, 1000);
  // From the beginning of navigation until the page is drawn: printed for who measures, as time is not tested.
  let least = Infinity;
  for (let i = 0; i < 3; ++i) {
    await page.load(pathToFileURL(report).href);
    least = Math.min(least, await page.evaluate('performance.now()'));
  }
  console.log(`opened in ${Math.round(least)} ms, ${statSync(report).size} bytes`);
});
