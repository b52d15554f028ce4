/** Streams under way: how many at once, and how long each may be. */
import type { Role } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';

export interface UploadBounds {
  /** At once: of one depositor, and of all. */
  each: number;
  all: number;
  /** Bytes of one content, by who deposits it. */
  bytes: Readonly<Partial<Record<Role, number>>> & { others: number };
}

export class Uploads {
  readonly #bounds: UploadBounds;
  readonly #underWay = new Map<string, number>();
  #count = 0;

  constructor(bounds: UploadBounds) {
    this.#bounds = bounds;
  }

  /** Bytes. */
  limit(role: Role): number {
    // an app is its patient's
    const as = role === 'app' ? 'patient' : role;
    return this.#bounds.bytes[as] ?? this.#bounds.bytes.others;
  }

  /** @throws FhirError throttled */
  async hold<T>(depositor: string, work: () => Promise<T>): Promise<T> {
    const own = this.#underWay.get(depositor) ?? 0;
    if (own >= this.#bounds.each || this.#count >= this.#bounds.all) {
      throw new FhirError('throttled', `${this.#bounds.each} uploads at once are allowed: try again`, {
        headers: { 'retry-after': '5' },
      });
    }
    this.#underWay.set(depositor, own + 1);
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      const left = this.#underWay.get(depositor)! - 1;
      if (left === 0) this.#underWay.delete(depositor);
      else this.#underWay.set(depositor, left);
    }
  }
}
