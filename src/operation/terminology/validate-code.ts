/** https://hl7.org/fhir/R4/valueset-operation-validate-code.html and codesystem-operation-validate-code.html */
import type { Coding } from '../../fhir/resource.ts';
import { type Concept, conceptOf, displayOf, knownSystem } from '../../fhir/terminology/concepts.ts';
import { codesOf } from '../../fhir/terminology/expansion.ts';
import type { Answer, Exchange } from '../../interaction/exchange.ts';
import { setAsked } from './expand.ts';
import { inputOf, type Input, languagesOf, parameter, parameters, unknownHere } from './input.ts';

const ALLOWED = ['url', 'code', 'display', 'displayLanguage', 'coding', 'codeableConcept'];

export async function validateCodeInSet(exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange, [...ALLOWED, 'system', 'valueSetVersion']);
  const url = setAsked(exchange, input);
  const codings = input.codings('system');
  const codes = codesOf(url);
  if (codes === undefined) throw unknownHere('value set', url);
  const inSet = ({ system = '', code = '' }: Coding): boolean => codes.get(system)?.has(code) === true;
  return verdict(exchange, input, codings, inSet, `is not in the value set \`${url}\``);
}

export async function validateCodeInSystem(exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange, [...ALLOWED, 'version']);
  const codings = input.codings('url');
  const system = input.text('url') ?? codings[0]?.system ?? '';
  const known = knownSystem(system);
  if (known === undefined) throw unknownHere('code system', system);
  const isOf = (coding: Coding): boolean => coding.system === system && known.concepts.has(coding.code ?? '');
  const why = known.complete
    ? 'is no code of its system'
    : 'is not among the codes of its system that are known here';
  return verdict(exchange, input, codings, isOf, why);
}

function verdict(
  exchange: Exchange,
  input: Input,
  codings: readonly Coding[],
  isGood: (coding: Coding) => boolean,
  why: string,
): Answer {
  const good = codings.find(isGood);
  if (good === undefined) {
    const shown = codings
      .map(({ system = '', code = '' }) => `\`${system}|${code}\``.slice(0, 200))
      .join(', ');
    return parameters([
      parameter(['result', 'Boolean', false]),
      parameter(['message', 'String', `${shown} ${why}`]),
    ]);
  }
  const concept = conceptOf(good.system ?? '', good.code ?? '');
  const display = concept === undefined ? undefined : displayOf(concept, languagesOf(input, exchange));
  const given = input.text('display') ?? good.display;
  const isNamed = given === undefined || concept === undefined || isNameOf(concept, given);
  return parameters([
    parameter(['result', 'Boolean', isNamed]),
    ...(isNamed
      ? []
      : [parameter(['message', 'String', `\`${given.slice(0, 200)}\` is no name of the code`])]),
    ...(display === undefined ? [] : [parameter(['display', 'String', display])]),
  ]);
}

/** Of a code whose names aren't known none is refused. */
function isNameOf({ display, designations }: Concept, given: string): boolean {
  const names = [display, ...designations.map(({ value }) => value)].filter((name) => name !== undefined);
  return names.length === 0 || names.some((name) => name.toLowerCase() === given.toLowerCase());
}
