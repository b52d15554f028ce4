/** Counts for the closing line, which scripts/test.mjs prints when all else has been said. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, testResults } = results;
    // a file that can't be loaded has no tests that could fail: it counts as one
    const broken = testResults.filter(({ testExecError }) => testExecError).length;
    process.send?.({ closing: `${numPassedTests} passed, ${numFailedTests + broken} failed` });
  }
}
