/**
 * Where an XML Patch works: a path of names from the resource on, each with places or attributes to choose by.
 * The subset of XPath of https://www.rfc-editor.org/rfc/rfc5261#section-4.1, and paths in predicates beside it.
 */
import { FhirError } from '../outcome.ts';
import { XHTML } from '../xml/elements.ts';
import { FHIR_NAMESPACE } from '../xml/write.ts';

const MAX_LENGTH = 1_000;
const MAX_NESTED = 4;

export interface Selector {
  steps: XmlStep[];
  attribute?: string;
}

export interface XmlStep {
  /** Undefined for `*`. */
  name?: string;
  predicates: Predicate[];
}

export type Predicate = { at: number } | { path: Selector; is: string };

/** Prefixes and the namespaces that they stand for; the empty one for names without. */
type Prefixes = Readonly<Record<string, string>>;

/** @throws FhirError invalid, too-long */
export function parseSelector(text: string, prefixes: Prefixes): Selector {
  if (text.length > MAX_LENGTH)
    throw new FhirError('too-long', `a selector is longer than ${MAX_LENGTH} characters`, { status: 400 });
  const reader = new Reader(text, prefixes);
  reader.take('/');
  const selector = reader.path(0);
  if (!reader.isAtEnd || selector.steps.length === 0) throw reader.refusal();
  return selector;
}

class Reader {
  private at = 0;
  private readonly text: string;
  private readonly prefixes: Prefixes;

  constructor(text: string, prefixes: Prefixes) {
    this.text = text.trim();
    this.prefixes = prefixes;
  }

  get isAtEnd(): boolean {
    return this.at === this.text.length;
  }

  take(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  path(nested: number): Selector {
    const steps: XmlStep[] = [];
    do {
      if (this.take('@')) return { steps, attribute: this.match(/[A-Za-z]+/y)[0] };
      steps.push(this.step(nested));
    } while (this.take('/'));
    return { steps };
  }

  private step(nested: number): XmlStep {
    const name = this.take('*') ? undefined : this.name();
    const predicates: Predicate[] = [];
    while (this.take('[')) {
      predicates.push(this.predicate(nested + 1));
      this.blanks();
      if (!this.take(']')) throw this.refusal();
    }
    return { ...(name === undefined ? {} : { name }), predicates };
  }

  /** The name of an element of R4; one that stands in another namespace than it does there names none. */
  private name(): string {
    const [, prefix = '', local] = this.match(/(?:([A-Za-z_][\w.-]*):(?!:))?([A-Za-z_][\w.-]*)(?![(:])/y);
    const namespace = Object.hasOwn(this.prefixes, prefix) ? this.prefixes[prefix] : undefined;
    if (namespace === undefined && prefix !== '')
      throw new FhirError('invalid', `the prefix \`${prefix.slice(0, 64)}\` is not declared`);
    // no namespace: nothing else can be meant
    const expected = local === 'div' ? XHTML : FHIR_NAMESPACE;
    return (namespace ?? '') === '' || namespace === expected ? local! : '';
  }

  private predicate(nested: number): Predicate {
    if (nested > MAX_NESTED) throw new FhirError('invalid', 'a selector has conditions in conditions');
    this.blanks();
    if (/\d/.test(this.text[this.at] ?? '')) return { at: Number(this.match(/[1-9]\d{0,6}/y)[0]) };
    const path = this.path(nested);
    // elements of FHIR have no text
    if (path.attribute === undefined) throw this.refusal();
    this.blanks();
    if (!this.take('=')) throw this.refusal();
    this.blanks();
    const [, double, single] = this.match(/"([^"]*)"|'([^']*)'/y);
    return { path, is: double ?? single! };
  }

  private blanks(): void {
    this.match(/\s*/y);
  }

  private match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) throw this.refusal();
    this.at = pattern.lastIndex;
    return found;
  }

  refusal(): FhirError {
    return new FhirError(
      'invalid',
      `the selector \`${this.text.slice(0, 200)}\` is not understood at ${this.at + 1}; allowed: names, \`*\`, \`[1]\`, \`[path/@name='value']\` and \`@name\``,
    );
  }
}
