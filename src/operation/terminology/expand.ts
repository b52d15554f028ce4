/** https://hl7.org/fhir/R4/valueset-operation-expand.html */
import type { Json } from '../../fhir/resource.ts';
import { displayOf } from '../../fhir/terminology/concepts.ts';
import { expansionOf, ownValueSet } from '../../fhir/terminology/expansion.ts';
import { definition } from '../../interaction/definitions.ts';
import type { Answer, Exchange } from '../../interaction/exchange.ts';
import { inputOf, languagesOf, unknownHere, type Input } from './input.ts';

const ALLOWED = [
  'url',
  'valueSetVersion',
  'filter',
  'offset',
  'count',
  'displayLanguage',
  'includeDesignations',
];
const MOST = 1000;

export async function expand(exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange, ALLOWED);
  const url = setAsked(exchange, input);
  const concepts = expansionOf(url);
  if (concepts === undefined) throw unknownHere('value set', url);
  const languages = languagesOf(input, exchange);
  const designations = input.text('includeDesignations') === 'true';
  const wanted = plain(input.text('filter') ?? '')
    .split(/\s+/)
    .filter(Boolean);
  const found = concepts
    .map((concept) => ({ concept, display: displayOf(concept, languages) }))
    .filter(({ concept: { code, designations: names }, display = '' }) => {
      const text = plain([code, display, ...names.map(({ value }) => value)].join(' '));
      return wanted.every((word) => text.includes(word));
    });
  const offset = input.count('offset') ?? 0;
  const count = Math.min(input.count('count') ?? MOST, MOST);
  const contains = found
    .slice(offset, offset + count)
    .map(({ concept: { system, code, designations: names }, display }): Json => ({
      system,
      code,
      ...(display === undefined ? {} : { display }),
      ...(designations && names.length > 0 ? { designation: names } : {}),
    }));
  const asked: Json[] = [
    { name: 'offset', valueInteger: offset },
    { name: 'count', valueInteger: count },
    ...['filter', 'displayLanguage'].flatMap((name) => {
      const value = input.text(name);
      return value === undefined ? [] : [{ name, valueString: value }];
    }),
  ];
  const { compose: _, ...about } = ownValueSet(url) ?? {
    resourceType: 'ValueSet',
    url: url.split('|', 1)[0],
    status: 'active',
    compose: undefined,
  };
  return {
    status: 200,
    body: {
      ...about,
      resourceType: 'ValueSet',
      expansion: {
        timestamp: new Date().toISOString(),
        total: found.length,
        offset,
        parameter: asked,
        ...(contains.length > 0 ? { contains } : {}),
      },
    },
  };
}

/** @throws FhirError 400, 404 */
export function setAsked({ params }: Exchange, input: Input): string {
  const version = input.text('valueSetVersion');
  const url = params.id === undefined ? input.required('url') : definition('ValueSet', params.id).url;
  return version === undefined ? url : `${url}|${version}`;
}

/** Without accents and case. */
const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
