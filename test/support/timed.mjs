/** Gives each test and each hook of a bare runner its end: one that hangs fails, by its name. */
import { inspect } from 'node:util';
import { bind } from 'jest-each';

/** Milliseconds, unless a test says how long it may take. */
const USUAL = 60_000;

function within(fn, ms = USUAL) {
  if (fn === undefined) return fn;
  return async () => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it did not end within ${ms} ms`)), ms);
    });
    try {
      return await Promise.race([Promise.resolve().then(fn), late]);
    } catch (thrown) {
      throw thrown instanceof Error ? thrown : new Error(`thrown: ${inspect(thrown)}`);
    } finally {
      clearTimeout(timer);
    }
  };
}

const { test: usual } = globalThis;
const test = (name, fn, ms) => usual(name, within(fn, ms));
test.each = bind(test);
for (const name of ['beforeAll', 'afterAll', 'beforeEach', 'afterEach']) {
  const hook = globalThis[name];
  globalThis[name] = (fn, ms) => hook(within(fn, ms));
}
globalThis.test = globalThis.it = test;
