/** Liveness and readiness: whether the process turns, and whether it can serve. */

export type Checks = Record<string, () => Promise<unknown>>;

export interface Readiness {
  ready: boolean;
  checks: Record<string, 'ok' | 'failed'>;
}

/** Each check must resolve within the time. */
export function readiness(checks: Checks, timeoutMs = 1_000): () => Promise<Readiness> {
  return async () => {
    const entries = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await passes(check, timeoutMs)] as const),
    );
    return {
      ready: entries.every(([, passed]) => passed),
      checks: Object.fromEntries(entries.map(([name, passed]) => [name, passed ? 'ok' : 'failed'])),
    };
  };
}

async function passes(check: () => Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([check().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
