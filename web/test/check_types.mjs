// Checks the types of the front-end, where npm has installed the checker.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('..', import.meta.url));
const checker = `${web}node_modules/svelte-check/bin/svelte-check`;
if (!existsSync(checker)) {
  console.log('SKIPPED: npm has not installed what web/ is built from');
  process.exit(77);
}
const result = spawnSync(process.execPath, [checker, '--tsconfig', './tsconfig.json', '--fail-on-warnings'], {
  cwd: web,
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
