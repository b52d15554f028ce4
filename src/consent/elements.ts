/**
 * What the elements of a provision say of resources: surely, for a permit, and possibly, for a deny.
 * https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
 */
import { ALL, type Condition, NONE, not, or } from '../condition/condition.ts';
import type { Json, Reference } from '../fhir/resource.ts';
import { codingOf, codingsOf } from './coding.ts';
import { spanOf } from './period.ts';
import { CONFIDENTIALITY, RESOURCE_TYPES, above, from as marksFrom } from './vocabulary.ts';

const LOCAL = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

/** What an element says of resources, surely and possibly. */
export interface About {
  sure: Condition;
  possible: Condition;
}

const WHATEVER: About = { sure: ALL, possible: ALL };
const UNCLEAR: About = { sure: NONE, possible: ALL };

/** The elements of a provision that say which resources it is about, each with how it is read. */
export const RESOURCE_ELEMENTS: Readonly<Record<string, (value: unknown) => About>> = {
  securityLabel: (value) => anyOf(value, labelOf),
  class: (value) => anyOf(value, classOf),
  code: (value) => anyOf(value, codeOf),
  data: (value) => anyOf(value, dataOf),
  dataPeriod: (value) => {
    if (value === undefined) return WHATEVER;
    const span = spanOf(value);
    return span === undefined
      ? UNCLEAR
      : { sure: { is: 'within', ...span }, possible: { is: 'touches', ...span } };
  },
};

function anyOf(value: unknown, read: (item: Json) => About): About {
  if (value === undefined) return WHATEVER;
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  const parts = items.map((item) =>
    typeof item === 'object' && item !== null ? read(item as Json) : UNCLEAR,
  );
  if (parts.length === 0) return UNCLEAR;
  return {
    sure: parts.includes(UNCLEAR) ? NONE : or(...parts.map(({ sure }) => sure)),
    possible: or(...parts.map(({ possible }) => possible)),
  };
}

/**
 * Confidentiality is a high-water mark: a permit of `R` covers what is marked `R` or less, or not at all; a deny of
 * `R` what is marked `R` or more.
 */
function labelOf(item: Json): About {
  const coding = codingOf(item);
  if (coding === undefined) return UNCLEAR;
  const { system, code } = coding;
  const marks = system === CONFIDENTIALITY ? marksFrom(code) : undefined;
  if (marks === undefined) return exactly({ is: 'label', among: [`${system}|${code}`] });
  // a mark is one in whatever code system it was written
  const label = (each: string): string => `*|${each}`;
  return {
    sure: not({ is: 'label', among: above(code).map(label) }),
    possible: { is: 'label', among: marks.map(label) },
  };
}

function classOf(item: Json): About {
  const coding = codingOf(item);
  if (coding === undefined) return UNCLEAR;
  const { system, code } = coding;
  if (system === RESOURCE_TYPES) return exactly({ is: 'type', among: [code] });
  if (system === 'urn:ietf:rfc:3986') return orMore(`profile=${code}`, 'code=*');
  return orMore(`class=${system}|${code}`, 'code=*');
}

/** A resource with more codes than are kept may have any, as far as a deny goes. */
function orMore(code: string, more: string): About {
  return { sure: { is: 'code', among: [code] }, possible: { is: 'code', among: [code, more] } };
}

function codeOf(concept: Json): About {
  const codings = codingsOf(concept);
  return codings === undefined
    ? UNCLEAR
    : anyOf(codings, ({ system, code }) => orMore(`code=${String(system)}|${String(code)}`, 'code=*'));
}

/** https://hl7.org/fhir/R4/valueset-consent-data-meaning.html */
function dataOf({ meaning, reference, id: _id, ...rest }: Json): About {
  const target = (reference as Reference | undefined)?.reference ?? '';
  if (!LOCAL.test(target) || Object.keys(rest).length > 0) return UNCLEAR;
  const instance: Condition = { is: 'instance', among: [target] };
  const named: About = {
    sure: or(instance, { is: 'about', among: [target] }),
    possible: or(instance, { is: 'about', among: [target, '*'] }),
  };
  switch (meaning) {
    case 'instance':
      return exactly(instance);
    case 'dependents':
      return named;
    case 'related':
      // IHE PCF: what belongs to an encounter, a plan or an episode refers to it; of others only itself is sure
      return /^(Encounter|CarePlan|EpisodeOfCare)\//.test(target) ? named : { sure: instance, possible: ALL };
    case 'authoredby':
      return {
        sure: { is: 'author', among: [target] },
        possible: { is: 'author', among: [target, '*'] },
      };
    default:
      return UNCLEAR;
  }
}

function exactly(condition: Condition): About {
  return { sure: condition, possible: condition };
}
