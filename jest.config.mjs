/**
 * Tests are modules of plain Node (docs/decisions/0051): types are stripped by the hook that scripts/test.mjs names,
 * each of three processes loads the sources once; one throw-away MongoDB serves the whole run.
 */
export default {
  runner: '<rootDir>/test/support/runner.mjs',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/timed.mjs'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  watchPathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  maxWorkers: 3,
};
