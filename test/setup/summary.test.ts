/** Goal: the last lines of `make test` and its exit status tell the truth. Method: the script on results as Jest writes them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const script = join(__dirname, '../../setup/summary.mjs');

const cases: [when: string, jest: object | null, failedChecks: string[], line: string, status: number][] = [
  ['all is well', { passed: 10, failed: 0, broken: 0 }, [], '12 passed, 0 failed', 0],
  ['a test failed', { passed: 9, failed: 1, broken: 0 }, [], '11 passed, 1 failed', 1],
  ['a test file could not be run', { passed: 9, failed: 0, broken: 1 }, [], '11 passed, 1 failed', 1],
  ['lint failed', { passed: 10, failed: 0, broken: 0 }, ['lint'], '11 passed, 1 failed', 1],
  ['lint and types failed', { passed: 10, failed: 2, broken: 0 }, ['lint', 'types'], '10 passed, 4 failed', 1],
  ['no test ran', { passed: 0, failed: 0, broken: 0 }, [], '2 passed, 0 failed', 1],
  ['Jest died', null, [], '2 passed, 1 failed', 1],
];

test.each(cases)('%s', (_when, jest, failedChecks, line, status) => {
  const folder = mkdtempSync(join(tmpdir(), 'summary-'));
  try {
    const file = join(folder, 'jest.json');
    if (jest) writeFileSync(file, JSON.stringify(asJestWrites(jest as Counts)));
    const run = spawnSync(process.execPath, [script, file, ...failedChecks], { encoding: 'utf8' });
    expect({ line: run.stdout, status: run.status }).toEqual({ line: `${line}\n`, status });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

interface Counts {
  passed: number;
  failed: number;
  broken: number;
}
const asJestWrites = ({ passed, failed, broken }: Counts) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numRuntimeErrorTestSuites: broken,
  testResults: [],
});

test('what failed stands above the last line, without colours and in a few lines', () => {
  const folder = mkdtempSync(join(tmpdir(), 'summary-'));
  try {
    const file = join(folder, 'jest.json');
    const assertionResults = [
      { status: 'passed', fullName: 'goes well', failureMessages: [] },
      {
        status: 'failed',
        fullName: 'goes ill',
        duration: 1234,
        failureMessages: [`\x1b[31mone\x1b[0m\n\n${'more\n'.repeat(999)}last`],
      },
    ];
    const testResults = [
      { name: join(process.cwd(), 'a.test.ts'), message: 'see below', assertionResults },
      { name: join(process.cwd(), 'b.test.ts'), message: 'no such module', assertionResults: [] },
    ];
    const counts = asJestWrites({ passed: 1, failed: 1, broken: 1 });
    writeFileSync(file, JSON.stringify({ ...counts, testResults }));
    const lines = spawnSync(process.execPath, [script, file], { encoding: 'utf8' }).stdout.split('\n');
    expect(lines.slice(0, 3)).toEqual(['FAILED a.test.ts: goes ill (1.2 s)', 'one', 'more']);
    expect(lines.slice(-4)).toEqual(['FAILED b.test.ts', 'no such module', '3 passed, 2 failed', '']);
    expect(lines).toEqual(expect.arrayContaining(['[…]', 'last']));
    expect(lines.length).toBeLessThan(400);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
