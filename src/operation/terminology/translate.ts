/** https://hl7.org/fhir/R4/conceptmap-operation-translate.html */
import { FhirError } from '../../fhir/outcome.ts';
import { codesOf } from '../../fhir/terminology/expansion.ts';
import { conceptMap, translate } from '../../fhir/terminology/translation.ts';
import { definition } from '../../interaction/definitions.ts';
import type { Answer, Exchange } from '../../interaction/exchange.ts';
import { inputOf, parameter, parameters, unknownHere } from './input.ts';

const ALLOWED = [
  'url',
  'conceptMapVersion',
  'code',
  'system',
  'coding',
  'codeableConcept',
  'target',
  'targetsystem',
];
/** https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html */
const NONE = ['unmatched', 'disjoint'];

export async function translateCode(exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange, ALLOWED);
  const { id } = exchange.params;
  const asked = id === undefined ? input.text('url') : definition('ConceptMap', id).url;
  const version = input.text('conceptMapVersion');
  const map =
    asked === undefined ? undefined : conceptMap(version === undefined ? asked : `${asked}|${version}`);
  if (asked !== undefined && map === undefined) throw unknownHere('concept map', asked);
  const target = input.text('target');
  const wanted = target === undefined ? undefined : codesOf(target);
  if (target !== undefined && wanted === undefined)
    throw new FhirError('processing', `the value set \`${target.slice(0, 200)}\` can't be listed here`);
  const matches = translate(input.codings('system'), map, input.text('targetsystem')).filter(
    ({ concept: { system = '', code = '' } }) =>
      wanted === undefined || wanted.get(system)?.has(code) === true,
  );
  const result = matches.some(({ equivalence }) => !NONE.includes(equivalence));
  return parameters([
    parameter(['result', 'Boolean', result]),
    ...(result ? [] : [parameter(['message', 'String', 'no translation is known here'])]),
    ...matches.map(({ equivalence, concept, source }) => ({
      name: 'match',
      part: [
        parameter(['equivalence', 'Code', equivalence]),
        parameter(['concept', 'Coding', concept]),
        parameter(['source', 'Uri', source]),
      ],
    })),
  ]);
}
