/**
 * Goal: an import against the direction is a lint error, and the allowed ones are not.
 * Method: a small tree of files with one import each, linted with this repository's own configuration.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const repository = resolve(__dirname, '../..');

/** File, its one line, and what the linter must say: a part of the message, or null for nothing. */
const cases: [file: string, line: string, complaint: string | null][] = [
  ['catalogue/a.ts', "export { b } from './b';", null],
  ['catalogue/c.ts', "export { b } from '../workflows/b';", 'catalogue may import only'],
  ['catalogue/d.ts', "export { readFileSync } from 'node:fs';", 'without Node.js'],
  ['workflows/a.ts', "export { b } from '../catalogue/b';", null],
  ['workflows/c.ts', "export type { B } from '../activities/b';", null],
  ['workflows/runbook/a.ts', "import type { B } from '../../activities/b';\nexport type A = B;", null],
  ['workflows/d.ts', "export { b } from '../activities/b';", 'workflows may import only'],
  ['workflows/e.ts', "export { b } from '../client/b';", 'workflows may import only'],
  ['workflows/f.ts', "export { b } from '../worker/b';", 'workflows may import only'],
  ['workflows/g.ts', "export { hostname } from 'os';", 'without Node.js'],
  ['workflows/h.ts', "export { Client } from '@temporalio/client';", 'may import @temporalio/client'],
  ['activities/a.ts', "export { b } from '../catalogue/b';", null],
  ['activities/c.ts', "export { b } from '../workflows/b';", 'activities may import only'],
  ['activities/d.ts', "export { DefaultAzureCredential } from '@azure/identity';", 'only activities/azure'],
  ['activities/azure/a.ts', "export { DefaultAzureCredential } from '@azure/identity';", null],
  ['activities/azure/c.ts', "export { Client } from 'pg';", 'only activities/database'],
  ['activities/database/a.ts', "export { Client } from 'pg';", null],
  ['worker/a.ts', "export { b } from '../workflows/b';\nexport { b as c } from '../activities/b';", null],
  ['worker/c.ts', "export { b } from '../client/b';", 'worker may import only'],
  ['worker/d.ts', "export { b } from '../lab/b';", 'worker may import only'],
  ['sidecar/a.ts', "export { b } from '../activities/b';", null],
  ['sidecar/c.ts', "export { b } from '../worker/b';", 'sidecar may import only'],
  ['client/a.ts', "export { b } from '../catalogue/b';", null],
  ['client/c.ts', "export { b } from '../workflows/b';", 'client may import only'],
  ['client/d.ts', "export type { B } from '../activities/b';", 'client may import only'],
  ['client/e.ts', "export { b } from '../lab/b';", 'client may import only'],
  ['client/f.ts', "export { Client } from 'pg';", 'may import pg'],
  ['client/g.ts', "export { property } from 'fast-check';", "'fast-check' should be listed"],
  ['lab/a.ts', "export { b } from '../catalogue/b';", null],
  ['lab/worker/a.ts', "export { b } from '../client/b';", null],
  ['lab/c.ts', "export { b } from '../workflows/b';", 'lab may import only'],
  ['lab/d.ts', "export { b } from '../activities/b';", 'lab may import only'],
  ['lab/e.ts', "export { b } from '../worker/b';", 'lab may import only'],
  ['lab/f.ts', "export { b } from '../client/b';", 'lab may import only'],
  ['test/a.ts', "export { b } from '../lab/b';\nexport { Client } from 'pg';", null],
  ['lab/circle.ts', "import { other } from './other';\nexport const circle = () => other;", 'cycle'],
  ['lab/other.ts', "import { circle } from './circle';\nexport const other = () => circle;", 'cycle'],
];

/** The complaints of the linter by file. */
function lint(files: Record<string, string>): Record<string, string[]> {
  const tree = mkdtempSync(join(tmpdir(), 'import-direction-'));
  try {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), text);
    }
    symlinkSync(join(repository, 'node_modules'), join(tree, 'node_modules'));
    const eslint = join(repository, 'node_modules/eslint/bin/eslint.js');
    const output = execFileSync(
      'sh',
      [
        '-c',
        `"$0" "$1" --config "$2" --format json . || [ $? = 1 ]`,
        process.execPath,
        eslint,
        join(repository, 'eslint.config.mjs'),
      ],
      { cwd: tree, encoding: 'utf8', maxBuffer: 1e8 },
    );
    const results = JSON.parse(output) as { filePath: string; messages: { message: string }[] }[];
    return Object.fromEntries(
      results.map(({ filePath, messages }) => [
        filePath.slice(tree.length + 1),
        messages.map(({ message }) => message),
      ]),
    );
  } finally {
    rmSync(tree, { recursive: true });
  }
}

describe('the import direction', () => {
  let complaints: Record<string, string[]>;
  beforeAll(() => {
    const folders = ['catalogue', 'workflows', 'activities', 'worker', 'client', 'lab', 'lab/client'];
    const targets = folders.map((folder): [string, string] => [
      `${folder}/b.ts`,
      'export const b = 1;\nexport type B = number;\n',
    ]);
    const project = {
      compilerOptions: { module: 'node20', moduleResolution: 'node16', skipLibCheck: true, strict: true },
    };
    complaints = lint({
      'package.json': readFileSync(join(repository, 'package.json'), 'utf8'),
      'tsconfig.json': JSON.stringify(project),
      ...Object.fromEntries(targets),
      ...Object.fromEntries(cases.map(([file, line]): [string, string] => [file, line])),
    });
  });

  test.each(cases)('%s: %s', (file, _line, complaint) => {
    expect(complaints[file]).toEqual(complaint === null ? [] : [expect.stringContaining(complaint)]);
  });
});
