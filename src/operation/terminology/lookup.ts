/** https://hl7.org/fhir/R4/codesystem-operation-lookup.html */
import { displayOf, knownSystem } from '../../fhir/terminology/concepts.ts';
import type { Answer, Exchange } from '../../interaction/exchange.ts';
import { inputOf, languagesOf, parameter, parameters, unknownHere } from './input.ts';

export async function lookup(exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange, ['code', 'system', 'coding', 'displayLanguage']);
  const [{ system = '', code = '' } = {}] = input.codings('system');
  const known = knownSystem(system);
  if (known === undefined) throw unknownHere('code system', system);
  const concept = known.concepts.get(code);
  if (concept === undefined) throw unknownHere('code', `${system}|${code}`);
  const { resource } = known;
  return parameters([
    parameter(['name', 'String', resource?.title ?? resource?.name ?? system]),
    ...(resource === undefined ? [] : [parameter(['version', 'String', resource.version])]),
    parameter(['display', 'String', displayOf(concept, languagesOf(input, exchange)) ?? code]),
    ...concept.designations.map(({ language, value }) => ({
      name: 'designation',
      part: [parameter(['language', 'Code', language]), parameter(['value', 'String', value])],
    })),
  ]);
}
