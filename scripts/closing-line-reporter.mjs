import { relative } from 'node:path';

const COLOUR = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** What failed, by name, and the counts for the closing line: scripts/test.mjs prints them when all else has been said. */
export default class ClosingLineReporter {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, testResults } = results;
    // a file that can't be loaded has no tests that could fail: it counts as one
    const broken = testResults.filter(({ testExecError }) => testExecError).length;
    const failures = testResults.flatMap((file) => this.#failures(file));
    process.send?.({ closing: `${numPassedTests} passed, ${numFailedTests + broken} failed`, failures });
  }

  /** @returns {string[]} a line for each test that failed: its file, its name, how its message begins */
  #failures({ testFilePath, testExecError, testResults }) {
    const file = relative(this.rootDir, testFilePath);
    const failed = testResults
      .filter(({ status }) => status === 'failed')
      .map(({ ancestorTitles, title, failureMessages }) => [
        [...ancestorTitles, title].join(' '),
        failureMessages[0],
      ]);
    if (testExecError) failed.push(['could not be loaded', testExecError.message]);
    return failed.map(([name, message]) => {
      const lines = String(message ?? '')
        .replace(COLOUR, '')
        .split('\n');
      const line = lines.find((each) => each.includes('Error')) ?? lines[0];
      return `FAILED ${file}: ${name}: ${line.trim().slice(0, 300)}`;
    });
  }
}
