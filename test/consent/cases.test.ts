/**
 * Each rule of `conformance/consent-rules.md` by examples, held against the engine and against the reference evaluator.
 * What an example doesn't say is usual: an active privacy Consent, a physician who treats, a plain Observation that a
 * laboratory deposited, an adult patient, the French rules, a day.
 */
import { readFileSync, readdirSync } from 'node:fs';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type Case, isWhole, reference } from './support/case.ts';
import { engine } from './support/engine.ts';
import type { ReferenceCaller } from './support/reference-words.ts';
import { careTeam, consent, physician, relatedPerson, usual } from './support/usual.ts';

interface Example {
  sentence: string;
  consents?: Json[];
  relatedPersons?: Json[];
  careTeams?: Json[];
  named?: Resource[];
  /** `null`: there never was one. */
  patient?: Json | null;
  caller?: Partial<ReferenceCaller>;
  resource?: Resource;
  by?: string;
  hiddenSince?: string;
  rules?: Json;
  now?: string;
  allowed: boolean;
  /** Which line decides. */
  line?: number;
}

const all = (whole: Resource, said: Json[] = []): Resource[] =>
  said.map((each, index) => ({ ...whole, id: `c${index}`, ...each }));

function caseOf(example: Example): Case {
  const { sentence: _sentence, allowed: _allowed, line: _line, ...given } = example;
  const { consents, relatedPersons, careTeams, patient, caller = physician, ...others } = given;
  const persons = caller.persons ?? [];
  return {
    ...usual,
    ...others,
    consents: all(consent, consents),
    relatedPersons: all(relatedPerson, relatedPersons),
    careTeams: all(careTeam, careTeams),
    patient: patient === null ? undefined : { ...usual.patient!, ...patient },
    caller: {
      role: 'professional',
      persons,
      groups: [],
      purposes: [],
      depositor: persons[0] ?? '',
      rights: [],
      regulator: false,
      ...caller,
    },
  };
}

const DEEPEST = 50;
const nested = (depth: number): Json =>
  depth === 0 ? { type: 'permit' } : { type: 'permit', provision: [nested(depth - 1)] };
const forAnother = {
  actor: [
    {
      role: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
      },
      reference: { reference: 'Practitioner/other' },
    },
  ],
};
const DEEP: Example[] = [
  { sentence: 'a permit at depth 50 is read', consents: [{ provision: nested(DEEPEST) }], allowed: true },
  {
    sentence: 'beyond it a permit is a deny',
    consents: [{ provision: nested(DEEPEST + 1) }],
    allowed: false,
  },
  {
    sentence: 'which fits what the one around it fits',
    consents: [{ provision: { ...nested(DEEPEST + 1), ...forAnother } }, { provision: { type: 'permit' } }],
    allowed: true,
  },
];

const folder = new URL('./cases/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

const examplesIn = (file: string): Example[] =>
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Example[];

describe.each([...files.map((file) => [file, examplesIn(file)] as const), ['the deepest', DEEP] as const])(
  '%s',
  (_, examples) => {
    it.each(examples)('$sentence: $allowed', (example) => {
      const each = caseOf(example);
      expect(isWhole(each)).toBe(true);
      const page = reference(each);
      const { planned, effect, line } = engine(each);
      const wanted = { effect: example.allowed ? 'permit' : 'deny', line: example.line ?? page.line };
      expect({ page, engine: { effect, line }, planned }).toEqual({
        page: wanted,
        engine: wanted,
        planned: wanted.effect,
      });
    });
  },
);
