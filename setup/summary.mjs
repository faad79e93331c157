// setup/summary.mjs JEST.JSON [FAILED CHECK…]: prints the last line of `make test`; exit status 1 unless everything passed.
// A test file that could not be run counts as one failed test, and so does a result file that is not there.
import { existsSync, readFileSync } from 'node:fs';

const [resultFile, ...failedChecks] = process.argv.slice(2);
const jest = existsSync(resultFile)
  ? JSON.parse(readFileSync(resultFile, 'utf8'))
  : { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 1 };
const checks = 2;
const passed = jest.numPassedTests + checks - failedChecks.length;
const failed = jest.numFailedTests + jest.numRuntimeErrorTestSuites + failedChecks.length;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || jest.numPassedTests === 0 ? 1 : 0;
