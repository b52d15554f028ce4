/** Parameters of an operation, from the address or a body: https://hl7.org/fhir/R4/operations.html#request */
import { FhirError } from '../../fhir/outcome.ts';
import type { Coding, Json, Resource } from '../../fhir/resource.ts';
import type { Answer, Exchange } from '../../interaction/exchange.ts';

const COMPLEX = ['coding', 'codeableConcept'];
const MOST = 200;

export class Input {
  readonly #values: ReadonlyMap<string, unknown>;

  constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : value === undefined ? undefined : JSON.stringify(value);
  }

  /** @throws FhirError 400 */
  required(name: string): string {
    const text = this.text(name);
    if (text === undefined || text === '') throw new FhirError('required', `\`${name}\` is required`);
    return text;
  }

  /** @throws FhirError 400 */
  count(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,9}$/.test(text))
      throw new FhirError('value', `\`${name}\` is a whole number, not \`${text.slice(0, 20)}\``);
    return Number(text);
  }

  /** `code` with the system of that name, `coding`, or each of `codeableConcept`. @throws FhirError 400 */
  codings(systemName: string): Coding[] {
    const concept = this.#values.get('codeableConcept') as { coding?: Coding[] } | undefined;
    const coding = this.#values.get('coding') as Coding | undefined;
    const code = this.text('code');
    const given = code === undefined ? [] : [{ system: this.required(systemName), code }];
    const codings = [...given, ...(coding === undefined ? [] : [coding]), ...(concept?.coding ?? [])];
    if (codings.length === 0)
      throw new FhirError(
        'required',
        `\`code\` with \`${systemName}\`, \`coding\` or \`codeableConcept\` is required`,
      );
    return codings.slice(0, MOST);
  }
}

/** @throws FhirError 400 for what is not among them: left out, it would make the answer another one */
export function inputOf({ query, body, prefer }: Exchange, allowed: readonly string[]): Input {
  const given = [...query, ...(body?.kind === 'json' ? parametersIn(body.value as Resource) : [])];
  const values = new Map<string, unknown>();
  for (const [name, value] of given) {
    if (!allowed.includes(name)) {
      if (prefer.handling === 'lenient') continue;
      throw new FhirError(
        'not-supported',
        `parameter \`${name.slice(0, 60)}\` is not supported; allowed: ${allowed.join(', ')}`,
      );
    }
    const isComplex = typeof value === 'object';
    if (value === undefined || value === null || isComplex !== COMPLEX.includes(name))
      throw new FhirError('value', `\`${name}\` has a value of the wrong kind`);
    values.set(name, value);
  }
  return new Input(values);
}

function parametersIn(resource: Resource): [string, unknown][] {
  if (resource.resourceType !== 'Parameters') throw new FhirError('invalid', 'the body is no `Parameters`');
  const listed = Array.isArray(resource.parameter) ? (resource.parameter as Json[]) : [];
  return listed.map((part) => {
    const name = Object.keys(part ?? {}).find((key) => key.startsWith('value'));
    return [String(part?.name), name === undefined ? undefined : part[name]];
  });
}

/** The languages to tell in: the one asked for, then those of the header, then French. */
export function languagesOf(input: Input, { header }: Exchange): string[] {
  const asked = input.text('displayLanguage');
  const accepted = (header('accept-language') ?? '')
    .split(',', 20)
    .map((each) => each.split(';', 1)[0]!.trim())
    .filter((each) => /^[A-Za-z-]{2,20}$/.test(each));
  return [...(asked === undefined ? [] : [asked]), ...accepted];
}

type Part = [name: string, type: string, value: unknown];

export const parameter = ([name, type, value]: Part): Json => ({ name, [`value${type}`]: value });

export const parameters = (parts: readonly Json[]): Answer => ({
  status: 200,
  body: { resourceType: 'Parameters', parameter: parts },
});

export function unknownHere(what: string, address: string): FhirError {
  return new FhirError('not-supported', `the ${what} \`${address.slice(0, 200)}\` is not known here`, {
    status: 404,
  });
}
