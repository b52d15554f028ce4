/**
 * `X-Purpose-Of-Use`: for what a request asks, within what its caller may claim. Codes of
 * http://terminology.hl7.org/ValueSet/v3-PurposeOfUse; absent: all that the token carries.
 */
import { isPurpose } from '../consent/vocabulary.ts';
import { breaksGlass, type Subject } from '../consent/subject.ts';
import type { Glass } from '../enforcement/glass.ts';
import { FhirError } from '../fhir/outcome.ts';

const MOST = 5;
const BREAK_GLASS = 'BTG';

export class Purposes {
  readonly #glass: Glass;
  readonly #now: () => number;
  /** One object for a token and its purposes: what is remembered of a caller hangs on it. */
  readonly #narrowed = new WeakMap<Subject, Map<string, Subject>>();

  constructor(glass: Glass, now: () => number) {
    this.#glass = glass;
    this.#now = now;
  }

  /** @param sent each header of the name. @throws FhirError 400, 403 */
  async narrow(subject: Subject, sent: readonly string[] | undefined): Promise<Subject> {
    if (sent === undefined) return subject;
    const asked = codesIn(sent);
    if (asked.every((code) => subject.purposes.includes(code))) return this.#among(subject, asked);
    if (asked.length !== 1 || asked[0] !== BREAK_GLASS || !breaksGlass(subject)) {
      throw new FhirError('forbidden', `the token does not let its caller claim \`${asked.join(',')}\``);
    }
    const emergencies = await this.#glass.brokenBy(subject.reference, this.#now());
    if (emergencies.length === 0) {
      throw new FhirError('forbidden', 'no glass is broken: `Patient/[id]/$break-glass` comes first');
    }
    return { ...subject, purposes: asked, emergencies };
  }

  #among(subject: Subject, asked: readonly string[]): Subject {
    if (asked.length === subject.purposes.length) return subject;
    const name = asked.join(' ');
    const known = this.#narrowed.get(subject) ?? new Map<string, Subject>();
    this.#narrowed.set(subject, known);
    const found = known.get(name) ?? { ...subject, purposes: [...asked] };
    known.set(name, found);
    return found;
  }
}

function codesIn(sent: readonly string[]): string[] {
  if (sent.length > 1) throw new FhirError('invalid', 'send `X-Purpose-Of-Use` once');
  const codes = [...new Set(sent[0]!.split(',', MOST + 1).map((code) => code.trim()))].sort();
  const unknown = codes.find((code) => !isPurpose(code));
  if (unknown !== undefined) {
    throw new FhirError(
      'value',
      `\`${unknown.slice(0, 60)}\` is no purpose; allowed: codes of PurposeOfUse, such as TREAT or BTG`,
    );
  }
  if (codes.length > MOST) throw new FhirError('too-long', `\`X-Purpose-Of-Use\` has up to ${MOST} codes`);
  return codes;
}
