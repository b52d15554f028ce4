/** How often one caller may look for people by who they are: who guesses numbers is slowed down. Kept by each process. */
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';

const MINUTE = 60_000;
/** Callers that are remembered; past it the one that asked longest ago is forgotten. */
const MOST_CALLERS = 50_000;

export interface Rates {
  /** Finds a minute, of one person and of one system. */
  person: number;
  system: number;
}

interface Bucket {
  left: number;
  at: number;
}

export class Allowance {
  readonly #rates: Rates;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rates: Rates, now: () => number) {
    this.#rates = rates;
    this.#now = now;
  }

  /** Takes one, whatever is found by it. @throws FhirError 429 */
  take({ role, depositor, client }: Subject): void {
    if (role === 'all') return;
    const rate = role === 'system' ? this.#rates.system : this.#rates.person;
    const key = `${client} ${depositor}`;
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? { left: rate, at: now };
    const left = Math.min(rate, bucket.left + ((now - bucket.at) * rate) / MINUTE);
    this.#buckets.delete(key);
    this.#buckets.set(key, { left: left < 1 ? left : left - 1, at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MOST_CALLERS) this.#buckets.delete(oldest!);
    if (left >= 1) return;
    const wait = Math.max(1, Math.ceil(((1 - left) * MINUTE) / rate / 1000));
    throw new FhirError('throttled', `at most ${rate} patients are looked for in a minute: try again later`, {
      headers: { 'retry-after': String(wait) },
    });
  }
}
