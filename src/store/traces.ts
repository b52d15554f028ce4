/**
 * Traces as documents. What a trace has alike with others of its frame is rendered, indexed and keyed once: that is
 * two thirds of what a trace cost Node. See docs/decisions/0010-cpu-of-the-hot-paths.md.
 */
import type { Trace } from '../enforcement/ports.ts';
import type { Reference, Resource } from '../fhir/resource.ts';
import { type Doc, type VersionDoc, about, indexed, newVid } from './document.ts';
import type { Found } from './encoder.ts';
import type { KeyRing } from './keys.ts';
import { mentions } from './mentions.ts';
import { mentionTerm } from './narrowing.ts';
import { seal } from './sealing.ts';
import type { Terms } from './terms.ts';

interface Frame {
  /** Its elements and the end of the object. */
  json: string;
  found: Found;
  /** Patients whom it names: a caller may be one. */
  mentioned: string[];
}

export class Traces {
  readonly #ring: KeyRing;
  readonly #terms: Terms;
  readonly #base: string;
  readonly #frames = new WeakMap<Resource, Frame>();

  constructor(ring: KeyRing, terms: Terms, base: string) {
    this.#ring = ring;
    this.#terms = terms;
    this.#base = base;
  }

  /** A trace about a patient who has no data key (there is no such patient) is sealed with what is nobody's. */
  async encode(traces: readonly Trace[], now: number): Promise<Doc[]> {
    const nobody = (await this.#ring.ensure([''])).get('')!;
    const docs: Doc[] = [];
    for (const { frame, own, patient } of traces) {
      const key = patient === '' ? undefined : await this.#ring.get(patient);
      const kept = this.#kept(frame);
      const rid = `AuditEvent/${own.id}`;
      const version: VersionDoc = {
        type: 'AuditEvent',
        v: 1,
        vid: newVid(),
        at: now,
        method: 'POST',
        patient: key === undefined ? '' : patient,
        by: 'carnet',
        labels: [],
        about: tracedIn(own),
      };
      version.body = seal(key ?? nobody, rendered(own, kept, version), about(rid, version));
      docs.push({ _id: rid, ...version, ...this.#found(own, kept, version.patient) });
    }
    return docs;
  }

  #kept(frame: Resource): Frame {
    let kept = this.#frames.get(frame);
    if (kept === undefined) {
      const { resourceType: _, ...elements } = frame;
      kept = {
        json: JSON.stringify(elements).slice(1),
        found: indexed(frame, this.#terms, this.#base),
        mentioned: mentions(frame, []),
      };
      this.#frames.set(frame, kept);
    }
    return kept;
  }

  /** As of the whole event: no search parameter of AuditEvent asks how its elements go together. */
  #found(own: Resource, frame: Frame, owner: string): Found {
    const found = indexed(own, this.#terms, this.#base);
    found.terms.push(...frame.found.terms);
    if (frame.found.refs !== undefined) found.refs = [...(found.refs ?? []), ...frame.found.refs];
    const named = new Set([...mentions(own, []), ...frame.mentioned]);
    named.delete(owner);
    if (named.size > 0) found.ids = this.#terms.all([...named].map(mentionTerm));
    return found;
  }
}

/** What it is about, by `Type/id`, but the patient: whoever may not be given that may not be given the trace. */
export function tracedIn({ entity }: Resource): string[] {
  return ((entity ?? []) as { what?: Reference }[]).flatMap(({ what }) =>
    what?.reference === undefined || OTHERWISE.test(what.reference) ? [] : [what.reference],
  );
}

/** Who is given a trace is the patient, or speaks for them; a trace of a trace says nothing more. */
const OTHERWISE = /^(Patient|AuditEvent)\//;

function rendered(own: Resource, { json }: Frame, { vid, at }: VersionDoc): Buffer {
  const { resourceType, id, ...rest } = own;
  const meta = { versionId: vid, lastUpdated: new Date(at).toISOString() };
  return Buffer.from(`${JSON.stringify({ resourceType, id, meta, ...rest }).slice(0, -1)},${json}`);
}
