/** A write that was never made in the time that who polls may miss: whose fault that is. */
import { Late, tooLate } from '../../src/store/write/conflict.ts';

it.each([
  [1, 503, 'try again later'],
  [20, 503, 'try again later'],
  [400, 403, 'send less'],
])('of %i changes it is %i', (changes, status, text) => {
  const fault = tooLate(new Late(), changes);
  expect([fault.status, fault.message]).toEqual([status, expect.stringContaining(text)]);
});
