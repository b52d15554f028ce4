/** How often one caller may look for people by who they are: who guesses numbers is slowed down. */
import type { Rate } from '../auth/rate.ts';
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';

export interface Rates {
  /** Finds a minute, of one person and of one system. */
  person: number;
  system: number;
}

/** Callers who were refused that are remembered. */
const REMEMBERED = 10_000;

export class Allowance {
  readonly #rates: Rates;
  readonly #counts: Record<keyof Rates, Rate>;
  /** Who was refused one here, until when. */
  readonly #refused = new Map<string, number>();

  /** @param counts by these rates, each name apart */
  constructor(rates: Rates, counts: Record<keyof Rates, Rate>) {
    this.#rates = rates;
    this.#counts = counts;
  }

  /** Takes one, whatever is found by it. @throws FhirError 429 */
  async take(subject: Subject): Promise<void> {
    if (subject.role === 'all') return;
    const wait = await this.#counts[kindOf(subject)](nameOf(subject));
    if (wait === 0) return;
    if (this.#refused.size >= REMEMBERED) this.#refused.delete(this.#refused.keys().next().value!);
    this.#refused.set(nameOf(subject), performance.now() + wait * 1000);
    throw this.#throttled(subject, wait);
  }

  /**
   * For what takes one only where nobody is found: while none is left it is refused all the same, so that a refusal for
   * want of one tells nothing. @throws FhirError 429
   */
  requireLeft(subject: Subject): void {
    const until = this.#refused.get(nameOf(subject));
    if (until === undefined) return;
    const wait = Math.ceil((until - performance.now()) / 1000);
    if (wait > 0) throw this.#throttled(subject, wait);
    this.#refused.delete(nameOf(subject));
  }

  #throttled(subject: Subject, wait: number): FhirError {
    const text = `at most ${this.#rates[kindOf(subject)]} patients are looked for in a minute: try again later`;
    return new FhirError('throttled', text, { headers: { 'retry-after': String(wait) } });
  }
}

const kindOf = ({ role }: Subject): keyof Rates => (role === 'system' ? 'system' : 'person');
const nameOf = ({ client, depositor }: Subject): string => `${client} ${depositor}`;
