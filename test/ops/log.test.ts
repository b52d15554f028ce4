import { execFile } from 'node:child_process';
import { Writable } from 'node:stream';
import { createLog } from '../../src/ops/log.ts';

function lines(use: (log: ReturnType<typeof createLog>) => void): Record<string, unknown>[] {
  const written: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  use(createLog({ destination }));
  return written.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the log', () => {
  it('tells type, code, place and cause of an error', () => {
    const cause = Object.assign(new TypeError('x is not a function'), { code: 'E1' });
    const [line] = lines((log) =>
      log.error({ requestId: 'r', err: new Error('no luck', { cause }) }, 'failed'),
    );
    expect(line).toMatchObject({
      requestId: 'r',
      msg: 'failed',
      err: {
        type: 'Error',
        message: 'no luck',
        cause: { type: 'TypeError', code: 'E1', message: 'x is not a function' },
      },
    });
    expect(JSON.stringify(line)).toContain('log.test');
  });

  it.each([
    [
      'a database',
      'E11000 duplicate key error dup key: { family: "Martin" }',
      'E11000 duplicate key error dup key: …',
    ],
    [
      'a parser',
      'Unexpected token M, "{"name":Martin}" is not valid JSON',
      'Unexpected token M, … is not valid JSON',
    ],
    ['one that is cut off', 'bad value "Martin', 'bad value …'],
    ['our own', 'no match for `Martin` here', 'no match for … here'],
    ['one with apostrophes', "can't create field 'Martin' in 'x'", "can't create field …"],
    ['a mail server', '550 <claire@martin.example>: Martin@x.example rejected', '550 … … rejected'],
    ['one with a number', 'no value 1540375112034', 'no value …'],
  ])('keeps what %s quotes in its message to itself', (_sentence, message, wanted) => {
    const [line] = lines((log) => log.error({ err: new Error(message) }, 'failed'));
    expect((line!.err as { message: string }).message).toBe(wanted);
    expect(JSON.stringify(line)).not.toContain('Martin');
  });

  it('shows frames of the stack alone, not lines of the message that look like some', () => {
    const [line] = lines((log) =>
      log.error({ err: new Error('{\n    at Martin (/x.ts:1:1)\n    at Martin') }, 'failed'),
    );
    expect(JSON.stringify(line)).not.toContain('Martin');
    expect((line!.err as { at: string[] }).at[0]).toContain('log.test');
  });

  it('shows no type and no code that is more than a word', () => {
    const err = Object.assign(new Error('x'), { name: 'of Claire Martin', code: 'Claire Martin' });
    const [line] = lines((log) => log.error({ err }, 'failed'));
    expect(line!.err).toMatchObject({ type: 'Error', message: 'x' });
    expect(JSON.stringify(line)).not.toContain('Martin');
  });

  it('stands what is thrown without being an Error, and endless causes', () => {
    const loop = new Error('a');
    loop.cause = loop;
    const [first, second] = lines((log) => {
      log.error({ err: 'Martin' }, 'failed');
      log.error({ err: loop }, 'failed');
    });
    expect(first!.err).toEqual({ type: 'string', message: '', at: [] });
    expect(JSON.stringify(second).match(/"cause"/g)!.length).toBe(3);
  });

  it('tells what nobody caught as any error, and nothing else of it leaves the process', async () => {
    const url = new URL('../../src/ops/log.ts', import.meta.url).href;
    const script = `
      const { createLog, logFaults } = await import(${JSON.stringify(url)});
      logFaults(createLog());
      void Promise.reject(Object.assign(new Error('dup key: { family: "Martin" }'), { keyValue: { family: 'Martin' } }));
    `;
    const hook = new URL('../support/typescript.mjs', import.meta.url).href;
    const [code, out] = await new Promise<[unknown, string]>((resolve) => {
      execFile(
        process.execPath,
        ['--import', hook, '--input-type=module', '-e', script],
        (error, stdout, stderr) => resolve([error?.code, stdout + stderr]),
      );
    });
    expect([code, out]).toEqual([1, expect.stringContaining('ended by a fault')]);
    expect(out).not.toContain('Martin');
  });
});
