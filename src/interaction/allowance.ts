/** How often one caller may look for people by who they are: who guesses numbers is slowed down. */
import type { Rate } from '../auth/rate.ts';
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';

export interface Rates {
  /** Finds a minute, of one person and of one system. */
  person: number;
  system: number;
}

export class Allowance {
  readonly #rates: Rates;
  readonly #counts: Record<keyof Rates, Rate>;

  /** @param counts by these rates, each name apart */
  constructor(rates: Rates, counts: Record<keyof Rates, Rate>) {
    this.#rates = rates;
    this.#counts = counts;
  }

  /** Takes one, whatever is found by it. @throws FhirError 429 */
  async take({ role, depositor, client }: Subject): Promise<void> {
    if (role === 'all') return;
    const kind = role === 'system' ? 'system' : 'person';
    const wait = await this.#counts[kind](`${client} ${depositor}`);
    if (wait === 0) return;
    const text = `at most ${this.#rates[kind]} patients are looked for in a minute: try again later`;
    throw new FhirError('throttled', text, { headers: { 'retry-after': String(wait) } });
  }
}
