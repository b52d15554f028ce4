/**
 * Traces as documents. What a trace has alike with others of its frame is rendered, indexed and keyed once: that is
 * two thirds of what a trace cost Node. See docs/decisions/0010-cpu-of-the-hot-paths.md.
 */
import { soughtIn } from '../../audit/history/sought.ts';
import type { Trace } from '../../enforcement/ports.ts';
import { becauseIn } from '../../audit/aside.ts';
import { CONTENT_OF } from '../../audit/event.ts';
import { BECAUSE, TRACER } from '../../enforcement/own-traces.ts';
import { askedBy } from '../../consent/vocabulary.ts';
import { GRANTED, MORE, isGranted } from '../../fhir/facts.ts';
import type { Coding, Json, Reference, Resource } from '../../fhir/resource.ts';
import { type Doc, type VersionDoc, about, indexed, newVid } from '../document.ts';
import type { Found } from '../write/encoder.ts';
import type { KeyRing } from '../keys/keys.ts';
import { mentions } from '../write/mentions.ts';
import { mentionTerm } from '../query/narrowing.ts';
import { seal } from '../keys/sealing.ts';
import type { Terms } from '../terms.ts';

interface Frame {
  /** Its elements but `meta`, and the end of the object. */
  json: string;
  meta: Resource['meta'];
  /** Who is given it as a trace of their own request. */
  authors: string[];
  /** What of it the lines may ask for. */
  codes: string[];
  found: Found;
  /** Patients whom it names: a caller may be one. */
  mentioned: string[];
}

export class Traces {
  readonly #ring: KeyRing;
  readonly #terms: Terms;
  readonly #base: string;
  readonly #met: (patient: string) => void;
  readonly #frames = new WeakMap<Resource, Frame>();
  readonly #kinds = new Map<string, readonly Buffer[]>();

  /** @param met told whose trace is written */
  constructor(ring: KeyRing, terms: Terms, base: string, met: (patient: string) => void = () => {}) {
    this.#met = met;
    this.#ring = ring;
    this.#terms = terms;
    this.#base = base;
  }

  /** A trace about a patient who has no data key (there is no such patient) is sealed with what is nobody's. */
  async encode(traces: readonly Trace[], now: number): Promise<Doc[]> {
    const nobody = (await this.#ring.ensure([''])).get('')!;
    const docs: Doc[] = [];
    for (const { frame, own, aside, patient, to } of traces) {
      const key = patient === '' ? undefined : await this.#ring.get(patient);
      const kept = this.#kept(frame);
      const rid = `AuditEvent/${own.id}`;
      const version: VersionDoc = {
        type: 'AuditEvent',
        v: 1,
        vid: newVid(),
        at: now,
        method: 'POST',
        patient,
        by: TRACER,
        labels: [],
        about: to === 'asker' ? [...tracedIn(own, aside), MORE] : tracedIn(own, aside),
      };
      // who asks for somebody who doesn't exist leaves the trace that they leave of whom they may not know of
      if (key === undefined) version.keyless = true;
      else this.#met(patient);
      if (kept.authors.length > 0)
        version.authors = to === 'others' ? kept.authors.map(askedBy) : kept.authors;
      if (kept.codes.length > 0) version.codes = kept.codes;
      version.body = seal(key ?? nobody, rendered(own, aside, kept, version), about(rid, version));
      const seek = soughtIn(frame, own);
      docs.push({ _id: rid, ...version, ...this.#found(own, kept, version.patient), seek });
    }
    return docs;
  }

  #kept(frame: Resource): Frame {
    let kept = this.#frames.get(frame);
    if (kept === undefined) {
      const { resourceType: _, meta, ...elements } = frame;
      kept = {
        json: JSON.stringify(elements).slice(1),
        meta,
        authors: authorsIn(frame),
        codes: codesOf(frame, this.#terms),
        found: indexed(frame, this.#terms, this.#base),
        mentioned: mentions(frame, []),
      };
      this.#frames.set(frame, kept);
    }
    return kept;
  }

  /** As of the whole event: no search parameter of AuditEvent asks how its elements, or those of an entity, go together. */
  #found(own: Resource, frame: Frame, owner: string): Found {
    const entities = own.entity as Entity[];
    const found = indexed({ ...own, entity: entities.map(withoutKind) }, this.#terms, this.#base);
    found.terms.push(...this.#ofKinds(own.resourceType, entities), ...frame.found.terms);
    if (frame.found.refs !== undefined) found.refs = [...(found.refs ?? []), ...frame.found.refs];
    const named = new Set([...mentions(own, []), ...frame.mentioned]);
    named.delete(owner);
    if (named.size > 0) found.ids = this.#terms.all([...named].map(mentionTerm));
    return found;
  }

  /** What the kinds of some entities are found by: there are few ways to put them together. */
  #ofKinds(resourceType: string, entities: readonly Entity[]): readonly Buffer[] {
    const kinds = new Map<string, Entity>();
    for (const { type, role } of entities) {
      const name = `${type?.system} ${type?.code} ${role?.system} ${role?.code}`;
      if (!kinds.has(name)) kinds.set(name, { type, role });
    }
    const name = [...kinds.keys()].join();
    let known = this.#kinds.get(name);
    if (known === undefined) {
      if (this.#kinds.size >= KINDS) this.#kinds.clear();
      const entity = [...kinds.values()];
      known = indexed({ resourceType, entity } as unknown as Resource, this.#terms, this.#base).terms;
      this.#kinds.set(name, known);
    }
    return known;
  }
}

function withoutKind(entity: Entity): Entity {
  const { type: _type, role: _role, ...rest } = entity;
  return rest;
}

interface Entity {
  detail?: { type: string; valueString?: string }[];
  what?: Reference;
  type?: Coding;
  role?: Coding;
}

/** Ways to put kinds of entities together that are kept. */
const KINDS = 500;

/**
 * What it is about, by `Type/id`, but the patient: whoever may not be given that may not be given the trace. What it was
 * decided by is told to few, and marked: see wholeness.ts.
 */
export function tracedIn({ entity }: Resource, aside: readonly Json[] = []): string[] {
  const names = ((entity ?? []) as Entity[]).flatMap(({ what, detail }) => {
    if (what?.reference === undefined || OTHERWISE.test(what.reference)) return [];
    return [detail?.find(({ type }) => type === CONTENT_OF)?.valueString ?? what.reference];
  });
  const because = aside.length === 0 ? [] : becauseIn({ resourceType: 'AuditEvent', entity: [...aside] });
  return [...new Set([...names, ...because.map((name) => BECAUSE + name)])];
}

/** Who is given a trace is the patient, or speaks for them. */
const OTHERWISE = /^Patient\//;

/** Keyed. */
export function codesOf(event: Resource, terms: Terms): string[] {
  return isGranted(event) ? [terms.text(GRANTED)] : [];
}

/** The caller of a request that was granted: one that was not would tell them that something was there to refuse. */
export function authorsIn({ outcome, agent }: Resource): string[] {
  if (outcome !== '0') return [];
  const [user] = (agent ?? []) as { who?: Reference }[];
  return user?.who?.reference === undefined ? [] : [user.who.reference];
}

function rendered(
  own: Resource,
  aside: readonly Json[],
  { json, meta: claimed }: Frame,
  { vid, at }: VersionDoc,
): Buffer {
  const { resourceType, id, entity, ...rest } = own;
  const meta = { versionId: vid, lastUpdated: new Date(at).toISOString(), ...claimed };
  const whole = { resourceType, id, meta, ...rest, entity: [...(entity as Json[]), ...aside] };
  return Buffer.from(`${JSON.stringify(whole).slice(0, -1)},${json}`);
}
