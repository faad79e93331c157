// setup/summary.mjs JEST.JSON [FAILED CHECK…]: prints what failed, a few lines of each, and the last line of `make test`; exit status
// 1 unless everything passed. Whoever sees only the end of a long log sees why.
// A test file that could not be run counts as one failed test, and so does a result file that is not there.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

// A long message says at its beginning what was expected, and at its end what became of it: the middle is left out.
const beginning = 400;
const end = 1200;

const [resultFile, ...failedChecks] = process.argv.slice(2);
const jest = existsSync(resultFile)
  ? JSON.parse(readFileSync(resultFile, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1, testResults: [] };
const checks = 2;
const passed = jest.numPassedTests + checks - failedChecks.length;
const failed = jest.numFailedTests + jest.numRuntimeErrorTestSuites + failedChecks.length;

for (const { name, message, assertionResults } of jest.testResults) {
  const file = relative(process.cwd(), name);
  const tests = assertionResults.filter(({ status }) => status === 'failed');
  for (const { fullName, duration, failureMessages } of tests) {
    tell(`${file}: ${fullName} (${((duration ?? 0) / 1000).toFixed(1)} s)`, failureMessages.join('\n'));
  }
  if (message && assertionResults.length === 0) tell(file, message);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || jest.numPassedTests === 0 ? 1 : 0;

function tell(title, message) {
  const lines = stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s+at .*node_modules|^\s*>?\s*\d* \|/.test(line));
  console.log(`FAILED ${title}\n${shortened(lines.join('\n'))}`);
}

function shortened(text) {
  return text.length <= beginning + end ? text : `${text.slice(0, beginning)}\n[…]\n${text.slice(-end)}`;
}
