import { readiness } from '../../src/ops/health.ts';

describe('readiness', () => {
  it('holds when every check does', async () => {
    const ready = readiness({ database: async () => 1, indexes: async () => undefined });
    expect(await ready()).toEqual({ ready: true, checks: { database: 'ok', indexes: 'ok' } });
  });

  it('fails when a check rejects, throws or takes too long', async () => {
    const checks = {
      rejects: async () => Promise.reject(new Error('no')),
      throws: () => {
        throw new Error('no');
      },
      hangs: () => new Promise(() => {}),
      works: async () => 1,
    };
    expect(await readiness(checks, 20)()).toEqual({
      ready: false,
      checks: { rejects: 'failed', throws: 'failed', hangs: 'failed', works: 'ok' },
    });
  });
});
