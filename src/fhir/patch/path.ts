/**
 * The part of FHIRPath that names elements to change: https://hl7.org/fhir/R4/fhirpatch.html
 * Element names, `[index]`, where(), first(), last(), single(), ofType() and extension(); criteria in where() are
 * FHIRPath of few functions, none of which can walk a whole tree or run a regular expression.
 */
import { FhirError } from '../outcome.ts';

export type Step =
  | { kind: 'child'; name: string }
  | { kind: 'index'; index: number }
  | { kind: 'where'; criteria: string }
  | { kind: 'first' | 'last' | 'single' }
  | { kind: 'ofType'; type: string }
  | { kind: 'extension'; url: string };

const MAX_LENGTH = 1_000;
const MAX_NESTING = 8;

const CRITERIA_FUNCTIONS = new Set(
  'where exists empty not hasValue first last single count ofType is as extension startsWith endsWith contains lower upper toString'.split(
    ' ',
  ),
);

const NAME = /[A-Za-z_][A-Za-z0-9_]{0,63}/y;
const INDEX = /\[\s{0,8}(\d{1,6})\s{0,8}\]/y;
const STRING = /^\s{0,8}'((?:[^'\\]|\\['\\/])*)'\s{0,8}$/;

export function parsePath(text: string): Step[] {
  if (text.length > MAX_LENGTH)
    throw new FhirError('too-long', `a path may have ${MAX_LENGTH} characters`, { status: 400 });
  const steps: Step[] = [];
  const refuse = () =>
    new FhirError(
      'invalid',
      'a path may hold element names, `[index]`, where(), first(), last(), single(), ofType() and extension()',
    );
  let at = 0;
  while (at < text.length) {
    const index = matchAt(INDEX, text, at);
    if (index && steps.length > 0) {
      steps.push({ kind: 'index', index: Number(index[1]) });
      at += index[0].length;
      continue;
    }
    if (steps.length > 0 && text[at++] !== '.') throw refuse();
    const name = matchAt(NAME, text, at)?.[0];
    if (name === undefined) throw refuse();
    at += name.length;
    if (text[at] !== '(') {
      steps.push({ kind: 'child', name });
      continue;
    }
    const end = closing(text, at);
    const step = end < 0 || steps.length === 0 ? undefined : functionStep(name, text.slice(at + 1, end));
    if (!step) throw refuse();
    steps.push(step);
    at = end + 1;
  }
  if (steps.length === 0) throw refuse();
  return steps;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function functionStep(name: string, argument: string): Step | undefined {
  switch (name) {
    case 'where':
      return { kind: 'where', criteria: requireCriteria(argument) };
    case 'first':
    case 'last':
    case 'single':
      return argument.trim() === '' ? { kind: name } : undefined;
    case 'ofType': {
      const type = /^\s{0,8}(?:FHIR\.)?([A-Za-z]{1,64})\s{0,8}$/.exec(argument)?.[1];
      return type === undefined ? undefined : { kind: 'ofType', type };
    }
    case 'extension': {
      const url = STRING.exec(argument)?.[1];
      return url === undefined ? undefined : { kind: 'extension', url: url.replace(/\\(.)/g, '$1') };
    }
    default:
      return undefined;
  }
}

/** Where the parenthesis at `open` closes, or -1. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "'") at = stringEnd(text, at);
    else if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at;
  }
  return -1;
}

/** Index of the quote that ends the string which begins at `start`; past the end when none does. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== "'") at += text[at] === '\\' ? 2 : 1;
  return at;
}

function requireCriteria(criteria: string): string {
  let plain = '';
  let depth = 0;
  for (let at = 0; at < criteria.length; at++) {
    const char = criteria[at]!;
    if (char === "'") {
      at = stringEnd(criteria, at);
      plain += "''";
      continue;
    }
    if (char === '(' && ++depth > MAX_NESTING)
      throw new FhirError('too-costly', 'where() is nested too deep', { status: 400 });
    if (char === ')') depth--;
    plain += char;
  }
  const functions = [...plain.matchAll(/([A-Za-z_][A-Za-z0-9_]*)\s*\(/g)].map((match) => match[1]!);
  const foreign = functions.find((name) => !CRITERIA_FUNCTIONS.has(name) && !OPERATORS.has(name));
  if (foreign !== undefined || /[`%|{};/*+]|\$(?!this\b)/.test(plain) || plain.trim() === '') {
    const allowed = [...CRITERIA_FUNCTIONS].join(', ');
    throw new FhirError(
      'invalid',
      `where() may compare elements with strings, numbers and booleans, and use: ${allowed}`,
    );
  }
  return criteria;
}

/** Words that stand before a parenthesis without being functions. */
const OPERATORS = new Set(['and', 'or', 'xor', 'implies', 'in', 'contains', 'is', 'as']);
