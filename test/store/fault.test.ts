/** What callers are told when the database can't answer: what to do, and nothing of what is inside. */
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { faultOf } from '../../src/store/fault.ts';

it.each<[string, Error, number, string]>([
  ['a lost connection', new MongoNetworkError('connection 7 to 10.0.0.1:27017 closed'), 503, 'transient'],
  [
    'a query that took too long',
    new MongoServerError({ code: 50, message: 'operation exceeded time limit' }),
    403,
    'too-costly',
  ],
])('tells %s as an error of its own', (_what, error, status, code) => {
  const fault = faultOf(error)!;
  expect([fault.status, fault.issues[0]!.code]).toEqual([status, code]);
  expect(fault.message).not.toMatch(/10\.0|mongo|operation/i);
  expect(fault.cause).toBe(error);
});

it.each([new Error('x'), new MongoServerError({ code: 2, message: 'bad value' })])(
  'leaves alone what is a fault of the server: %s',
  (error) => {
    expect(faultOf(error)).toBeUndefined();
  },
);
