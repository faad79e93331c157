// Exits 0 when node_modules holds what package-lock.json asks for (by npm's own record of what it installed), 1 when not.
import { readFileSync } from 'node:fs';

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).packages;
try {
  const installed = read('../node_modules/.package-lock.json');
  const differs = ([path, wanted]) =>
    path !== '' && !(wanted.optional && !installed[path]) && installed[path]?.version !== wanted.version;
  process.exitCode = Object.entries(read('../package-lock.json')).some(differs) ? 1 : 0;
} catch {
  process.exitCode = 1;
}
