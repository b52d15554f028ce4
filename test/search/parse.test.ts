import { FhirError } from '../../src/fhir/outcome.ts';
import { parametersOf } from '../../src/search/parameter.ts';
import { parseSearch } from '../../src/search/parse.ts';
import { BASE, OPTIONS, parse } from './support/search.ts';
import { processorTime } from '../support/processor.ts';

const filterOf = (types: string | string[], query: string) => parse(types, query).filter;

function refusal(types: string | string[], query: string): FhirError {
  try {
    parse(types, query);
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error(`not refused: ${query}`);
}

describe('what is refused', () => {
  it.each([
    ['Patient', 'nme=x', /unknown parameter `nme`.*name/],
    ['Patient', '__proto__=x', /unknown parameter/],
    ['Patient', 'constructor=x', /unknown parameter/],
    ['Patient', 'name[$gt]=', /unknown parameter/],
    ['Patient', 'name:constructor=x', /modifier/],
    ['Patient', 'name=', /needs a value/],
    ['Patient', 'name=a,,b', /empty value/],
    ['Patient', 'name=%CC%81', /letter or digit/],
    ['Patient', 'name:above=x', /allowed are missing, exact, contains/],
    ['Patient', 'name:exact:missing=x', /more than one modifier/],
    ['Patient', 'name:=x', /more than one modifier/],
    ['Patient', 'name:missing=maybe', /`true` or `false`/],
    ['Patient', 'name:missing=true,false', /`true` or `false`/],
    ['Patient', 'birthdate:exact=2020', /allowed are missing/],
    ['Patient', 'birthdate=2023-02-30', /no date/],
    ['Patient', 'birthdate=2023-13', /no date/],
    ['Patient', 'birthdate=xx2023', /prefix `xx`/],
    ['Patient', 'birthdate=20230101', /no date/],
    ['Patient', 'birthdate=gt', /no date/],
    ['RiskAssessment', 'probability=1a', /no number/],
    ['RiskAssessment', 'probability=1e999', /no number/],
    ['RiskAssessment', 'probability=0x10', /no number/],
    ['RiskAssessment', 'probability=', /needs a value/],
    ['Observation', 'value-quantity=5|mg', /no quantity/],
    ['Observation', 'value-quantity=5|http://u.example|', /no quantity/],
    ['Observation', 'value-quantity=|http://u.example|mg', /no number/],
    ['Observation', 'code=|', /needs a code/],
    ['Observation', 'code:of-type=a|b', /needs system\|code\|value/],
    ['Observation', 'code:in=http://v.example/unknown', /can't be listed/],
    ['Observation', 'code:below=x', /needs system\|code/],
    ['Observation', 'code:below=http://unknown.example|x', /hierarchy/],
    ['Observation', 'subject=Practitioner/1', /doesn't refer to `Practitioner`.*Patient/],
    ['Observation', 'subject=#1', /no reference/],
    ['Observation', 'subject=a/b/c', /no reference/],
    ['Observation', 'subject:Practitioner=1', /doesn't refer/],
    ['Observation', 'subject:Nothing=1', /modifier `Nothing`/],
    ['Observation', 'subject:[type]=1', /modifier/],
    ['Observation', 'subject:Patient=Group/1', /can't be `Group\/1`/],
    ['Observation', 'patient:Patient.nme=x', /unknown parameter `nme`/],
    ['Observation', 'code.text=x', /no reference/],
    ['Observation', 'subject.nothing=x', /nothing that/],
    ['Observation', 'subject:Location.name=x&subject:Specimen.type=x', /doesn't refer/],
    ['Observation', 'specimen:Specimen.type=x', /not served/],
    ['Observation', 'specimen.type=x', /nothing that/],
    ['Observation', 'component-code-value-quantity=a', /it needs component-code\$component-value-quantity/],
    ['Observation', 'component-code-value-quantity=a$', /it needs/],
    ['Observation', 'component-code-value-quantity:not=a$1', /allowed are missing/],
    ['Observation', '_has:Observation:code:x=1', /no reference/],
    ['Observation', '_has:Nothing:x:y=1', /reverse chain/],
    ['Observation', '_has:Observation:has-member=1', /reverse chain/],
    ['Observation', '_has=1', /needs `_has/],
    ['Patient', '_has:Specimen:subject:type=x', /not served/],
    ['Location', 'near=1', /no place/],
    ['Location', 'near=91|2', /no place/],
    ['Location', 'near=1|181', /no place/],
    ['Location', 'near=1|2|-3|km', /no place/],
    ['Location', 'near=1|2|3|ells', /`km`, `m` or `\[mi_us\]`/],
    ['Location', 'near=1|2|3|km|4', /no place/],
    ['Location', 'near:exact=1|2', /allowed are missing/],
    ['Patient', '_query=x', /not supported/],
    ['Patient', '_filter=name eq x', /not supported/],
    ['Patient', '_contained=some', /allowed are false, true, both/],
    [['Patient', 'Observation'], '_contained=true', /one type/],
    ['Patient', '_id=a/b', /no id/],
    ['Patient', '_id:exact=a', /allowed are missing, not/],
    ['Patient', '_lastUpdated:not=2020', /modifier/],
    ['Patient', '_text:contains=a', /none is allowed/],
    ['Patient', '_list=$current-secrets', /no list/],
    ['Patient', '_count=-1', /number from 0/],
    ['Patient', '_count=1.5', /number from 0/],
    ['Patient', '_count=1&_count=2', /more than once/],
    ['Patient', '_count:exact=1', /no modifier/],
    ['Patient', '_total=some', /allowed are none, estimate, accurate/],
    ['Patient', '_summary=yes', /allowed are/],
    ['Patient', '_elements=nothing', /no element/],
    ['Patient', '_sort=nothing', /can't be by `nothing`/],
    ['Patient', '_sort=-', /can't be by/],
    ['Observation', '_sort=code-value-quantity', /can't be by/],
    ['Patient', '_include=Patient', /no `_include`/],
    ['Patient', '_include=Patient:name', /no reference/],
    ['Patient', '_include=Observation:subject', /iterate/],
    ['Patient', '_include=Patient:link:Group', /doesn't refer to/],
    ['Patient', '_include:recurse=Patient:link', /`iterate` only/],
    ['Patient', '_include:iterate:x=Patient:link', /`iterate` only/],
    ['Patient', '_revinclude=Specimen:subject', /not served/],
    ['Patient', '_type=Group', /not searched here/],
    ['Patient', '_type=Nothing', /no resource type/],
    [['Patient', 'Observation'], 'birthdate=2020', /unknown parameter `birthdate` of the 2 types/],
  ] as [string | string[], string, RegExp][])('%s?%s', (types, query, message) => {
    const error = refusal(types, query);
    expect(error.message).toMatch(message);
    expect(error.status).toBe(400);
  });

  it('a query beyond the bounds', () => {
    const many = (count: number, text: string) => Array.from({ length: count }, () => text);
    expect(refusal('Patient', many(101, 'name=a').join('&')).message).toMatch(/at most 100/);
    expect(refusal('Patient', `name=${many(201, 'a').join(',')}`).message).toMatch(/at most 200/);
    expect(refusal('Patient', `name=${'a'.repeat(2001)}`).message).toMatch(/too long/);
    expect(refusal('Observation', `${many(5, 'has-member').join('.')}.code=a`).message).toMatch(
      /at most 4 links/,
    );
    expect(refusal('Patient', `${many(4, '_has:Patient:link:').join('')}name=a`).message).toMatch(
      /at most 3 times/,
    );
    expect(refusal('Patient', `${'a'.repeat(400)}=x`).message.length).toBeLessThan(400);
    const bare = `subject=${many(200, '1').join(',')}`;
    expect(refusal('Observation', many(20, bare).join('&')).message).toMatch(/compares too much/);
  });

  it('in no time, whatever the value', () => {
    const started = processorTime();
    for (const value of [
      'a'.repeat(2000),
      ' '.repeat(1999) + 'x',
      '\\'.repeat(2000),
      '1'.repeat(2000),
      '|'.repeat(2000),
      '$'.repeat(1999),
      'http://' + '/'.repeat(1900),
    ]) {
      for (const name of [
        'name',
        'name:contains',
        'identifier',
        'birthdate',
        'link',
        '_profile:below',
        '_text',
      ]) {
        try {
          parseSearch(['Patient'], [[name, value]], OPTIONS);
        } catch (error) {
          expect(error).toBeInstanceOf(FhirError);
        }
      }
    }
    expect(processorTime() - started).toBeLessThan(500);
  });
});

describe('what is asked', () => {
  it.each([
    ['Patient', '', { op: 'and', of: [] }],
    ['Patient', 'active=true', { op: 'term', terms: ['active=true'] }],
    ['Patient', 'identifier=a|b', { op: 'term', terms: ['identifier=a|b'], unique: true }],
    ['Patient', 'identifier=a|', { op: 'term', terms: ['identifier=a|'] }],
    ['Patient', 'identifier=a|b,c', { op: 'term', terms: ['identifier=a|b', 'identifier=c'], unique: true }],
    ['Patient', '_id=a,b', { op: 'id', ids: ['a', 'b'] }],
    ['Patient', '_id:missing=true', { op: 'or', of: [] }],
    ['Patient', '_list=$current-problems', { op: 'list', id: '$current-problems' }],
    ['Patient', '_list=42', { op: 'list', id: '42' }],
    ['Patient', 'name:missing=true', { op: 'not', of: { op: 'term', terms: ['name:present'] } }],
    [
      'Patient',
      'gender:not=male,female',
      { op: 'not', of: { op: 'term', terms: ['gender=male', 'gender=female'] } },
    ],
    [
      'Observation',
      'subject=1',
      { op: 'reference', param: 'subject', targets: ['Group/1', 'Device/1', 'Patient/1', 'Location/1'] },
    ],
    [
      'Observation',
      'date=gt2020,lt2019',
      {
        op: 'range',
        param: 'date',
        test: [{ hi: { gt: Date.UTC(2021, 0) } }, { lo: { lt: Date.UTC(2019, 0) } }],
      },
    ],
    [
      'Observation',
      'subject:Patient.organization.name=x',
      {
        op: 'chain',
        param: 'subject',
        type: 'Patient',
        filter: {
          op: 'or',
          of: [
            {
              op: 'chain',
              param: 'organization',
              type: 'Organization',
              filter: { op: 'term', terms: ['name=x'] },
            },
            { op: 'term', terms: ['organization:Organization.name=x'] },
          ],
        },
      },
    ],
    [
      'Observation',
      'subject.identifier=x',
      {
        op: 'or',
        of: [
          ...['Group', 'Device', 'Patient', 'Location'].map((type) => ({
            op: 'chain',
            param: 'subject',
            type,
            filter: { op: 'term', terms: ['identifier=x'], unique: true },
          })),
          {
            op: 'term',
            terms: ['Group', 'Device', 'Location'].map((type) => `subject:${type}.identifier=x`),
          },
        ],
      },
    ],
    [
      'Patient',
      '_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/1',
      {
        op: 'has',
        type: 'Observation',
        param: 'patient',
        filter: {
          op: 'has',
          type: 'AuditEvent',
          param: 'entity',
          filter: { op: 'reference', param: 'agent', targets: ['Practitioner/1'] },
        },
      },
    ],
    [['Patient', 'Observation'], '_tag=x', { op: 'term', terms: ['_tag=x'] }],
    [
      ['Observation', 'DocumentReference'],
      'status=http://hl7.org/fhir/observation-status|final',
      {
        op: 'or',
        of: [
          {
            op: 'and',
            of: [
              { op: 'type', type: 'Observation' },
              { op: 'term', terms: ['status=final'] },
            ],
          },
          {
            op: 'and',
            of: [
              { op: 'type', type: 'DocumentReference' },
              { op: 'term', terms: ['status=http://hl7.org/fhir/observation-status|final'] },
            ],
          },
        ],
      },
    ],
  ] as [string | string[], string, unknown][])('%s?%s', (types, query, expected) => {
    expect(filterOf(types, query)).toEqual(expected);
  });

  it('is an OR of values and an AND of repetitions', () => {
    expect(filterOf('Patient', 'gender=a,b&gender=c')).toEqual({
      op: 'and',
      of: [
        { op: 'term', terms: ['gender=a', 'gender=b'] },
        { op: 'term', terms: ['gender=c'] },
      ],
    });
  });

  it('asks a long string for its beginning and then the content', () => {
    expect(filterOf('Patient', 'family=de la fontaine')).toMatchObject({
      op: 'and',
      of: [
        { op: 'term', terms: ['family=de la fontai'] },
        { op: 'scan', about: 'family' },
      ],
    });
  });
});

describe('how the answer is shaped', () => {
  it('is by defaults when nothing is said', () => {
    expect(parse('Patient', '')).toMatchObject({
      types: ['Patient'],
      sort: [],
      count: 20,
      total: 'usual',
      summary: 'false',
      elements: [],
      includes: [],
      revincludes: [],
    });
  });

  it.each([
    ['_count=5', { count: 5 }],
    ['_count=100000', { count: 200 }],
    ['_count=0', { count: 0, summary: 'count' }],
    ['_summary=count&_total=none', { count: 0, summary: 'count', total: 'accurate' }],
    ['_total=estimate', { total: 'accurate' }],
    ['_total=none', { total: 'none' }],
    ['_elements=name,link', { elements: ['name', 'link'] }],
    ['_contained=false&_format=json&_pretty=true', { understood: [['_contained', 'false']] }],
    [
      '_sort=-birthdate,_lastUpdated,-_id,family',
      {
        sort: [
          { param: 'birthdate', kind: 'range', descending: true },
          { param: '_lastUpdated', kind: 'updated', descending: false },
          { param: '_id', kind: 'id', descending: true },
          { param: 'family', kind: 'content', descending: false },
        ],
      },
    ],
    [
      '_include=Patient:link:Patient&_include:iterate=Observation:*&_include=*',
      {
        includes: [
          { type: 'Patient', param: 'link', target: 'Patient', iterate: false },
          { type: 'Observation', param: '*', iterate: true },
          { type: '*', param: '*', iterate: false },
        ],
      },
    ],
    [
      '_revinclude=Observation:subject',
      { revincludes: [{ type: 'Observation', param: 'subject', iterate: false }] },
    ],
  ])('%s', (query, expected) => {
    expect(parse('Patient', query)).toMatchObject(expected);
  });

  it('names what was understood, in lenient handling what was not, and still refuses wrong values', () => {
    const query = parse('Patient', 'foo=1&name=a&family=&_sort=&link.name=', { handling: 'lenient' });
    expect(query.ignored).toEqual(['foo', 'family', '_sort', 'link.name']);
    expect(query.understood).toEqual([['name', 'a']]);
    expect(query.filter).toEqual(filterOf('Patient', 'name=a'));
    for (const wrong of [
      'birthdate=x',
      'name=a,',
      'name:foo=x',
      '_sort=foo',
      'link.foo=x',
      '_include=Patient:foo',
      '_id=a b',
    ]) {
      expect(() => parse('Patient', wrong, { handling: 'lenient' })).toThrow(FhirError);
    }
  });

  it('narrows a search of the system to types', () => {
    const query = parse(['Patient', 'Observation', 'Group'], 'subject=Patient/1&_type=Observation');
    expect(query.types).toEqual(['Observation']);
    expect(query.filter).toEqual({ op: 'reference', param: 'subject', targets: ['Patient/1'] });
  });
});

it('every parameter of every type that is served can be asked', () => {
  const SAMPLE: Record<string, string> = {
    token: 'a',
    string: 'a',
    date: '2020',
    number: '1',
    quantity: '1',
    uri: 'urn:a',
    reference: `${BASE}x/Far/1`,
    special: '48.8|2.3',
  };
  const refused: string[] = [];
  for (const type of OPTIONS.enabledTypes) {
    for (const parameter of parametersOf(type).values()) {
      const value =
        parameter.components.map((part) => SAMPLE[part.type]).join('$') || (SAMPLE[parameter.type] ?? 'a');
      try {
        parseSearch([type], [[parameter.code, parameter.code === '_lastUpdated' ? '2020' : value]], OPTIONS);
      } catch {
        refused.push(`${type}.${parameter.code}`);
      }
    }
  }
  expect(refused).toEqual([]);
});
