// Prints `N passed, N failed` of a vitest JSON report, alone on a line, and nothing where no test ran. Names the tests before
// that passed only when they were tried again, and the files that took longest.
//
//   node scripts/summarize-tests.js report.json
//
// Ends with 1 when something failed, or no test ran.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Files that are named. */
const SLOWEST = 15;

const report = read(process.argv[2]);
const passed = report.numPassedTests;
// A file that could not be loaded has no tests, and has failed all the same.
const brokenFiles = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
).length;
const failed = report.numFailedTests + brokenFiles;
const skipped = report.numPendingTests + report.numTodoTests;

if (passed + failed === 0) fail('no test ran');
for (const { fullName, failureMessages } of report.testResults
  .flatMap((file) => file.assertionResults)
  .filter(wasRepeated)) {
  console.error(
    `passed at attempt ${failureMessages.length + 1}: ${fullName} (first: ${failureMessages[0].split('\n')[0]})`,
  );
}
const slowest = report.testResults
  .map(({ name, startTime, endTime }) => ({ name, seconds: Math.round((endTime - startTime) / 1_000) }))
  .sort((one, other) => other.seconds - one.seconds)
  .slice(0, SLOWEST);
for (const { name, seconds } of slowest) console.error(`${seconds} s: ${relative('.', name)}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0) process.exit(1);

/** The errors of attempts that failed are kept when a later one passes. */
function wasRepeated({ status, failureMessages }) {
  return status === 'passed' && failureMessages.length > 0;
}

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    fail(`no test report: ${error.message}`);
  }
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
