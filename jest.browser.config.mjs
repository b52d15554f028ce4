/** `npm run test:browser`: the screens in a real browser, apart from `npm test`, which needs none. */
import config from './jest.config.mjs';

export default {
  ...config,
  testMatch: ['<rootDir>/test/browser/**/*.browser.ts'],
  // one browser at a time
  maxWorkers: 1,
};
