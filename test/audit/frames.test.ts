/** A trace is rendered and indexed in two parts: what its caller's others have alike, and its own. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { tracesOf } from '../../src/audit/tracing.ts';
import type { Decided, Written } from '../../src/enforcement/notes.ts';
import type { Subject } from '../../src/consent/subject.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { indexed, render } from '../../src/store/document.ts';
import type { KeyRing } from '../../src/store/keys/keys.ts';
import { mentions } from '../../src/store/write/mentions.ts';
import { mentionTerm } from '../../src/store/query/narrowing.ts';
import { unseal } from '../../src/store/keys/sealing.ts';
import { Terms } from '../../src/store/terms.ts';
import { Traces } from '../../src/store/traces/traces.ts';

const BASE = 'http://example.org/fhir';
const KEY = randomBytes(32);
const ring = { ensure: async () => new Map([['', KEY]]), get: () => KEY } as unknown as KeyRing;
const terms = new Terms(randomBytes(32));

const id = fc.constantFrom('ada', 'ben', 'cyd');
const reference = fc
  .tuple(fc.constantFrom('Patient', 'Observation', 'Binary'), id)
  .map((parts) => parts.join('/'));
const callers = fc.record({
  reference: fc.constantFrom('Patient/ada', 'Practitioner/gp'),
  name: fc.option(fc.constant('Dr Élan'), { nil: undefined }),
  organizations: fc.uniqueArray(fc.constantFrom('Organization/a', 'Organization/b'), { maxLength: 2 }),
  purposes: fc.uniqueArray(fc.constantFrom('TREAT', 'BTG'), { maxLength: 2 }),
  client: fc.constant('app'),
  emergencies: fc.constant([]),
}) as unknown as fc.Arbitrary<Subject>;
const concerns = fc.array(
  fc.record({
    patient: fc.oneof(id, fc.constant('')),
    refused: fc.boolean(),
    hidden: fc.boolean(),
    secret: fc.boolean(),
    named: fc
      .uniqueArray(reference, { maxLength: 3 })
      .map(
        (all) =>
          new Map(all.map((each, index) => [each, { by: index === 0 ? 'Organization/a' : undefined }])),
      ),
    wrote: fc.constantFrom<Written[]>(
      [],
      [{ reference: 'List/l', did: 'C' }],
      [
        { reference: 'List/l', did: 'U' },
        { reference: 'Flag/f', did: 'D' },
      ],
    ),
    standing: fc.constantFrom('patient' as const, 'other' as const),
    decided: fc.constantFrom<Decided[]>([], [{ line: 10, because: ['Consent/c/_history/1'] }]),
    count: fc.nat(5),
  }),
  { minLength: 1, maxLength: 3 },
);

const SUCCESS = { outcome: '0', professions: 'urn:professions' } as const;
const hex = (all: readonly Buffer[] = []): string[] =>
  [...new Set(all.map((each) => each.toString('hex')))].sort();

it('is found by all that the whole event would be found by, and reads as the whole', async () => {
  const traces = new Traces(ring, terms, BASE);
  const run = async (subject: Subject, about: typeof concerns extends fc.Arbitrary<infer C> ? C : never) => {
    const traced = {
      audit: { code: 'search-type', action: 'R' as const },
      url: 'Observation?code=x',
      query: [['code', 'x']] as const,
      requestId: 'request-1',
      subject,
      base: BASE,
      params: { type: 'Observation', id: 'ada' },
      address: '192.0.2.7',
    };
    const made = tracesOf(traced, about, SUCCESS, 1_700_000_000_000);
    for (const [index, doc] of (await traces.encode(made, 1_700_000_000_001)).entries()) {
      const { frame, own, aside, patient } = made[index]!;
      const whole: Resource = { ...frame, ...own, entity: [...(own.entity as Json[]), ...aside] };
      const { vid, at, v } = doc;
      const body = unseal(KEY, doc.body!, `${doc._id}/${v}/${vid} of ${doc.patient}`);
      expect(JSON.parse(body.toString())).toEqual(JSON.parse(render(whole, vid, at).toString()));
      const wanted = indexed(whole, terms, BASE);
      expect(hex(doc.terms)).toEqual(hex(wanted.terms));
      expect(new Set(doc.refs)).toEqual(new Set(wanted.refs));
      expect({ r: doc.r, o: doc.o, pairs: doc.pairs, date: doc.date }).toEqual({
        r: wanted.r,
        o: wanted.o,
        pairs: wanted.pairs,
        date: wanted.date,
      });
      const named = mentions(whole, patient === '' ? [] : [patient]).map(mentionTerm);
      expect(hex(doc.ids)).toEqual(hex([...(wanted.ids ?? []), ...terms.all(named)]));
      expect(doc.ids?.length).not.toBe(0);
    }
  };
  await fc.assert(fc.asyncProperty(callers, concerns, run), { numRuns: 200 });
});

it('has one frame for all that a caller does alike, and another for what differs', () => {
  const subject = {
    reference: 'Practitioner/gp',
    organizations: [],
    purposes: [],
    client: 'app',
    emergencies: [],
  } as unknown as Subject;
  const frame = (code: string, outcome: '0' | '4', by: Subject, address = '192.0.2.7') =>
    tracesOf(
      {
        audit: { code, action: 'R' },
        params: {},
        url: 'x',
        query: [],
        requestId: '1',
        subject: by,
        base: BASE,
        address,
      },
      [
        {
          patient: 'ada',
          refused: false,
          hidden: false,
          secret: false,
          named: new Map(),
          wrote: [],
          count: 0,
          standing: 'other',
          decided: [],
        },
      ],
      { ...SUCCESS, outcome },
      1,
    )[0]!.frame;
  const first = frame('read', '0', subject);
  expect(frame('read', '0', subject)).toBe(first);
  expect(frame('vread', '0', subject)).not.toBe(first);
  expect(frame('read', '4', subject)).not.toBe(first);
  expect(frame('read', '0', subject, '192.0.2.8')).not.toBe(first);
  expect(frame('read', '0', { ...subject, reference: 'Practitioner/other' })).toMatchObject({
    agent: [{ who: { reference: 'Practitioner/other' } }, {}, {}],
  });
});
