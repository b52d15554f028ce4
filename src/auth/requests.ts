/**
 * How often one client asks the FHIR base, for whomever: each request counts one, whatever it asks for and finds.
 * https://datatracker.ietf.org/doc/html/rfc6585#section-4
 */
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Rate } from './rate.ts';

export class Requests {
  readonly #most: number;
  readonly #rate: Rate;

  /** @param most in a minute @param rate by which they are counted */
  constructor(most: number, rate: Rate) {
    this.#most = most;
    this.#rate = rate;
  }

  /** Counts one. A client is its issuer's: another's of the same name is counted apart. @throws FhirError 429 */
  async take({ role, issuer = '', client }: Subject): Promise<void> {
    if (role === 'all') return;
    const wait = await this.#rate(`${issuer} ${client}`);
    if (wait === 0) return;
    const text = `the application asked more than ${this.#most} times in a minute: try again in ${wait} seconds, and ask for more at a time (a search, \`_include\`, a batch)`;
    throw new FhirError('throttled', text, { headers: { 'retry-after': String(wait) } });
  }
}
