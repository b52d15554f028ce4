/** `npm run test:clamav`: content scanned by a real daemon, apart from `npm test`, which needs none. */
import config from './jest.config.mjs';

export default {
  ...config,
  testMatch: ['<rootDir>/test/clamav/**/*.clamav.ts'],
  maxWorkers: 1,
};
