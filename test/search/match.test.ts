/** What a query finds, parameter type by parameter type: query, resource, found or not. */
import type { Resource } from '../../src/fhir/resource.ts';
import { BASE, finds } from './support/search.ts';

type Row = [query: string, resource: Record<string, unknown>, found: boolean];

function table(type: string, rows: Row[]): void {
  it.each(rows)(`${type}?%s of %j: %s`, (query, content, found) => {
    expect(finds(query, { resourceType: type, ...content } as Resource)).toBe(found);
  });
}

const coding = (system: string | undefined, code: string | undefined) => ({ coding: [{ system, code }] });

describe('tokens', () => {
  const loinc = { code: coding('http://loinc.org', '8480-6') };
  table('Observation', [
    ['code=8480-6', loinc, true],
    ['code=http://loinc.org|8480-6', loinc, true],
    ['code=http://loinc.org|', loinc, true],
    ['code=|8480-6', loinc, false],
    ['code=|x', { code: coding(undefined, 'x') }, true],
    ['code=http://other.example|8480-6', loinc, false],
    ['code=HTTP://loinc.org|8480-6', loinc, false],
    ['code=8480', loinc, false],
    ['code=AbC', { code: coding('http://s.example', 'aBc') }, true],
    ['code=x,8480-6', loinc, true],
    ['code=8480-6&code=x', loinc, false],
    ['code:not=x', loinc, true],
    ['code:not=8480-6', loinc, false],
    ['code:not=x,8480-6', loinc, false],
    ['code:not=x', {}, true],
    ['code:not=x', { code: {} }, true],
    ['code:not=x', { code: { coding: [] } }, true],
    ['code:not=x', { code: { coding: [null] } }, true],
    ['code:missing=true', {}, true],
    ['code:missing=false', loinc, true],
    ['code:missing=true', loinc, false],
    ['code:missing=true', { code: null }, true],
    ['category:missing=true', { category: [] }, true],
    ['code=.*', loinc, false],
    ['code=8480.6', loinc, false],
    ['code=a\\,b', { code: coding('http://s.example', 'a,b') }, true],
    ['code=a,b', { code: coding('http://s.example', 'a,b') }, false],
    ['code=a\\|b', { code: coding(undefined, 'a|b') }, true],
    ['code=a|b', { code: coding(undefined, 'a|b') }, false],
    ['code=a|b\\|c', { code: coding('a|b', 'c') }, false],
    ['code:text=sys', { code: { text: 'Systolic' } }, true],
    ['code:text=SYS', { code: { coding: [{ display: 'systolique' }] } }, true],
    ['code:text=tolic', { code: { text: 'Systolic' } }, false],
    ['code:in=http://v.example/pets', { code: coding('http://s.example', 'dog') }, true],
    ['code:in=http://v.example/pets', { code: coding('http://t.example', 'dog') }, false],
    ['code:not-in=http://v.example/pets', { code: coding('http://s.example', 'dog') }, false],
    ['code:not-in=http://v.example/pets', {}, true],
    ['code:below=http://s.example|dog', { code: coding('http://s.example', 'puppy') }, true],
    ['code:below=http://s.example|dog', { code: coding('http://s.example', 'animal') }, false],
    ['code:above=http://s.example|dog', { code: coding('http://s.example', 'animal') }, true],
    ['code:above=http://s.example|dog', { code: coding('http://s.example', 'puppy') }, false],
    ['status=final', { status: 'final' }, true],
    ['status=FINAL', { status: 'final' }, true],
    ['status=http://hl7.org/fhir/observation-status|final', { status: 'final' }, true],
    ['status=http://hl7.org/fhir/observation-status|', { status: 'final' }, true],
    ['status=http://other.example|final', { status: 'final' }, false],
    ['status=|final', { status: 'final' }, true],
    ['_tag=t', { meta: { tag: [{ code: 't' }] } }, true],
    ['_security=N', { meta: { security: [{ system: 'http://c.example', code: 'N' }] } }, true],
    ['_id=a', { id: 'a' }, true],
    ['_id=A', { id: 'a' }, false],
    ['_id=b,a', { id: 'a' }, true],
    ['_id:not=a', { id: 'a' }, false],
  ]);
  const nir = {
    identifier: [
      { type: coding('http://t.example', 'INS'), system: 'urn:oid:1.2', value: 'AB 1' },
      { value: 'bare' },
      { system: 'urn:oid:9' },
    ],
  };
  table('Patient', [
    ['identifier=ab 1', nir, true],
    ['identifier=urn:oid:1.2|AB 1', nir, true],
    ['identifier=URN:OID:1.2|AB 1', nir, false],
    ['identifier=urn:oid:9|', nir, true],
    ['identifier=|bare', nir, true],
    ['identifier=|AB 1', nir, false],
    ['identifier:of-type=http://t.example|INS|AB 1', nir, true],
    ['identifier:of-type=http://t.example|INS|bare', nir, false],
    ['active=true', { active: true }, true],
    ['active=false', { active: true }, false],
    ['active=false', {}, false],
    ['active:not=false', {}, true],
    ['deceased=false', {}, true],
    ['deceased=true', { deceasedDateTime: '2020' }, true],
    ['telecom=0612345678', { telecom: [{ system: 'phone', value: '06 12 34 56 78' }] }, true],
    ['telecom=06.12.34.56.78', { telecom: [{ system: 'phone', value: '0612345678' }] }, true],
    ['phone=a@b.example', { telecom: [{ system: 'email', value: 'a@b.example' }] }, false],
    ['email=A@b.example', { telecom: [{ system: 'email', value: 'a@B.example' }] }, true],
  ]);
});

describe('strings', () => {
  const name = { name: [{ family: 'Lefèvre', given: ['Anne-Marie', 'ÉLISE'], text: null }] };
  table('Patient', [
    ['family=lef', name, true],
    ['family=LEFEVRE', name, true],
    ['family=Lefèvre', name, true],
    ['family=efevre', name, false],
    ['family=lefevres', name, false],
    ['family=lef.*', name, false],
    ['family=%', name, false],
    ['given=elise', name, true],
    ['name=anne', name, true],
    ['name=marie', name, false],
    ['family:exact=Lefèvre', name, true],
    ['family:exact=Lefevre', name, false],
    ['family:exact=Lef', name, false],
    ['family:contains=FEV', name, true],
    ['family:contains=fav', name, false],
    ['family:contains=(', { name: [{ family: 'a (b' }] }, true],
    ['family=de la fontaine du bois', { name: [{ family: 'De  la Fontaine du Bois Joli' }] }, true],
    ['family=de la fontaine du roi', { name: [{ family: 'De  la Fontaine du Bois Joli' }] }, false],
    ['family=de la fontai', { name: [{ family: 'de la fontaine' }] }, true],
    ['family=o\\,b', { name: [{ family: 'o,brien' }] }, true],
    ['family=a', { name: [] }, false],
    ['family=a', { name: [null, { family: 'A' }] }, true],
    ['family:missing=true', { name: [{ given: ['x'] }] }, true],
    ['address=sen', { address: [{ line: ['1 rue x'], city: 'Sens' }] }, true],
    ['address-city=sen', { address: [{ line: ['1 rue x'], city: 'Sens' }] }, true],
    ['address=rue', { address: [{ line: ['1 rue x'] }] }, false],
    ['family=😀😀😀😀😀😀', { name: [{ family: '😀😀😀😀😀😀😀' }] }, true],
    ['family=a😀😀😀😀😀😀x', { name: [{ family: 'a😀😀😀😀😀😀y' }] }, false],
    [`family=${'x'.repeat(13)}`, { name: [{ family: `${' '.repeat(500)}${'x'.repeat(14)}` }] }, true],
    ['_text=world HELLO', { text: { div: '<div>H&#101;llo <b>wörld</b></div>' } }, true],
    ['_text=div', { text: { div: '<div>Hello</div>' } }, false],
    ['_text=x', {}, false],
    ['_content=elise', name, true],
    ['_content=secret', { photo: [{ data: 'secret' }] }, false],
  ]);
});

describe('references', () => {
  const subject = (reference: string) => ({ subject: { reference } });
  table('Observation', [
    ['subject=Patient/1', subject('Patient/1'), true],
    ['subject=1', subject('Patient/1'), true],
    ['subject=1', subject('Group/1'), true],
    ['subject:Patient=1', subject('Group/1'), false],
    ['subject:Patient=1', subject('Patient/1'), true],
    ['subject:Patient=Patient/1', subject('Patient/1'), true],
    ['patient=1', subject('Group/1'), false],
    ['patient=1', subject('Patient/1'), true],
    [`subject=${BASE}/Patient/1`, subject('Patient/1'), true],
    ['subject=Patient/1', subject(`${BASE}/Patient/1`), true],
    ['subject=http://far.example/fhir/Patient/1', subject('http://far.example/fhir/Patient/1'), true],
    ['subject=Patient/1', subject('http://far.example/fhir/Patient/1'), false],
    ['subject=Patient/1', subject('Patient/1/_history/2'), true],
    ['subject=Patient/1/_history/2', subject('Patient/1/_history/2'), true],
    ['subject=Patient/1/_history/3', subject('Patient/1/_history/2'), false],
    ['subject=urn:uuid:7', subject('urn:uuid:7'), true],
    ['subject=Patient/1', subject('#1'), false],
    ['subject:missing=true', subject('#1'), false],
    ['subject:missing=true', {}, true],
    ['subject:identifier=urn:x|1', { subject: { identifier: { system: 'urn:x', value: '1' } } }, true],
    ['subject:identifier=1', { subject: { identifier: { system: 'urn:x', value: '1' } } }, true],
    ['subject:identifier=urn:y|1', { subject: { identifier: { system: 'urn:x', value: '1' } } }, false],
    ['performer=Practitioner/2,Practitioner/1', { performer: [{ reference: 'Practitioner/1' }] }, true],
    ['performer=1', { performer: [] }, false],
  ]);
  table('QuestionnaireResponse', [
    ['questionnaire=http://q.example/a', { questionnaire: 'http://q.example/a|2' }, true],
    ['questionnaire=http://q.example/a|2', { questionnaire: 'http://q.example/a|2' }, true],
    ['questionnaire=http://q.example/a|3', { questionnaire: 'http://q.example/a|2' }, false],
  ]);
  table('Bundle', [
    ['composition=Composition/1', { entry: [{ resource: { resourceType: 'Composition', id: '1' } }] }, true],
    ['message:missing=true', { entry: [] }, true],
    ['composition=1', { entry: [{ resource: { resourceType: 'Patient', id: '1' } }] }, false],
  ]);
});

describe('dates', () => {
  const at = (effectiveDateTime: string) => ({ effectiveDateTime });
  const day = at('2024-05-10');
  const period = (start?: string, end?: string) => ({ effectivePeriod: { start, end } });
  table('Observation', [
    ['date=2024-05-10', day, true],
    ['date=2024-05', day, true],
    ['date=2024', day, true],
    ['date=2024-05-10T10:00', day, false],
    ['date=2024-05-10', at('2024-05-10T23:59:59.999Z'), true],
    ['date=2024-05-10', at('2024-05-10T23:30:00-02:00'), false],
    ['date=2024-05-11', at('2024-05-10T23:30:00-02:00'), true],
    ['date=2024-05-10T12:00:00%2B02:00', at('2024-05-10T10:00:00Z'), true],
    ['date=2024-05-10T12:00:00+02:00', at('2024-05-10T10:00:00Z'), true],
    ['date=ne2024-05-10', day, false],
    ['date=ne2024-05-11', day, true],
    ['date=ne2024-05-11', {}, false],
    ['date=gt2024-05-09', day, true],
    ['date=gt2024-05-10', day, false],
    ['date=ge2024-05-10', day, true],
    ['date=ge2024-05-11', day, false],
    ['date=lt2024-05-11', day, true],
    ['date=lt2024-05-10', day, false],
    ['date=le2024-05-10', day, true],
    ['date=sa2024-05-09', day, true],
    ['date=sa2024-05-10', day, false],
    ['date=eb2024-05-11', day, true],
    ['date=eb2024-05-10', day, false],
    ['date=ap2024-05-10', day, true],
    ['date=ap2024-05-08', day, true],
    ['date=ap2010', at('2009-03'), true],
    ['date=ap2010', at('2000'), false],
    ['date=ge2024-01&date=lt2024-06', day, true],
    ['date=2024-05', period('2024-05-01', '2024-05-31'), true],
    ['date=2024-05', period('2024-04-30', '2024-05-31'), false],
    ['date=2024-05', period('2024-05-01'), false],
    ['date=gt2030', period('2024-05-01'), true],
    ['date=lt1900', period(undefined, '2024-05-01'), true],
    ['date=sa2024-04', period('2024-05-01'), true],
    ['date=eb2030', period('2024-05-01'), false],
    ['date=2024', period(), false],
    ['date:missing=true', {}, true],
    ['date=2024-05-10', { effectiveTiming: { event: ['2024-05-10', '2024-05-12'] } }, false],
    ['date=2024-05', { effectiveTiming: { event: ['2024-05-10', '2024-05-12'] } }, true],
    [
      'date=2024-05',
      { effectiveTiming: { repeat: { boundsPeriod: { start: '2024-05-02', end: '2024-05-03' } } } },
      true,
    ],
    ['_lastUpdated=2024-05-10', { meta: { lastUpdated: '2024-05-10T08:00:00.123Z' } }, true],
    ['_lastUpdated=2024-05-10T08:00:00.123Z', { meta: { lastUpdated: '2024-05-10T08:00:00.123Z' } }, true],
    ['_lastUpdated=gt2024-05-10T08:00:00.122Z', { meta: { lastUpdated: '2024-05-10T08:00:00.123Z' } }, true],
    ['_lastUpdated=gt2024-05-10T08:00:00.123Z', { meta: { lastUpdated: '2024-05-10T08:00:00.123Z' } }, false],
    ['_lastUpdated=le2024-05-10T08:00:00.123Z', { meta: { lastUpdated: '2024-05-10T08:00:00.123Z' } }, true],
    ['_lastUpdated=ne2024-05-10', { meta: { lastUpdated: '2024-05-10T08:00:00.123Z' } }, false],
    ['_lastUpdated=lt2024-05-10', { meta: { lastUpdated: '2024-05-10T08:00:00.123Z' } }, false],
  ]);
});

describe('numbers and quantities', () => {
  const risk = (probabilityDecimal: number) => ({ prediction: [{ probabilityDecimal }] });
  table('RiskAssessment', [
    ['probability=0.8', risk(0.8), true],
    ['probability=0.8', risk(0.84999), true],
    ['probability=0.8', risk(0.85), false],
    ['probability=0.80', risk(0.84), false],
    ['probability=100', risk(99.5), true],
    ['probability=100', risk(100.5), false],
    ['probability=1e2', risk(104.9), true],
    ['probability=1e2', risk(105), false],
    ['probability=1e2', risk(94.9), false],
    ['probability=ne0.8', risk(0.8), false],
    ['probability=ne0.8', risk(0.9), true],
    ['probability=gt0.8', risk(0.81), true],
    ['probability=gt0.8', risk(0.8), false],
    ['probability=ge0.8', risk(0.8), true],
    ['probability=le0.8', risk(0.8), true],
    ['probability=lt0.8', risk(0.79), true],
    ['probability=sa0.8', risk(0.81), true],
    ['probability=eb0.8', risk(0.8), false],
    ['probability=ap100', risk(110), true],
    ['probability=ap100', risk(111), false],
    ['probability=-5', risk(-5), true],
    [
      'probability=gt0.3',
      { prediction: [{ probabilityRange: { low: { value: 0.1 }, high: { value: 0.4 } } }] },
      true,
    ],
    [
      'probability=0.3',
      { prediction: [{ probabilityRange: { low: { value: 0.1 }, high: { value: 0.4 } } }] },
      false,
    ],
    ['probability=gt9', { prediction: [{ probabilityRange: { low: { value: 0.1 } } }] }, true],
    ['probability=1', { prediction: [] }, false],
  ]);
  const ucum = 'http://unitsofmeasure.org';
  const weight = { valueQuantity: { value: 72.5, unit: 'kilos', system: ucum, code: 'kg' } };
  table('Observation', [
    ['value-quantity=72.5', weight, true],
    [`value-quantity=72.5|${ucum}|kg`, weight, true],
    ['value-quantity=72.5||kg', weight, true],
    ['value-quantity=72.5||kilos', weight, true],
    [`value-quantity=72.5|${ucum}|g`, weight, false],
    [`value-quantity=72500|${ucum}|g`, weight, true],
    [`value-quantity=72.50|${ucum}|Mg`, weight, false],
    [`value-quantity=gt72499|${ucum}|g`, weight, true],
    [`value-quantity=gt72500|${ucum}|g`, weight, false],
    [`value-quantity=ge72500|${ucum}|g`, weight, true],
    [`value-quantity=ne72500|${ucum}|g`, weight, false],
    [`value-quantity=ap70000|${ucum}|g`, weight, true],
    [`value-quantity=72.5|${ucum}|L`, weight, false],
    [`value-quantity=ne1|${ucum}|L`, weight, false],
    [`value-quantity=72.5|${ucum}|furlong`, weight, false],
    [`code-value-quantity=x$72500|${ucum}|g`, { ...weight, code: coding(undefined, 'x') }, true],
    [`code-value-quantity=x$72500|${ucum}|mg`, { ...weight, code: coding(undefined, 'x') }, false],
    ['value-quantity=72.5||KG', weight, false],
    ['value-quantity=gt70||kg', weight, true],
    ['value-quantity=gt70||g', weight, false],
    ['value-quantity=lt70', weight, false],
    ['value-quantity=70,72.5', weight, true],
    ['value-quantity=gt100', { valueQuantity: { value: 90, comparator: '>' } }, true],
    ['value-quantity=lt80', { valueQuantity: { value: 90, comparator: '>' } }, false],
    ['value-quantity=0', { valueQuantity: { unit: 'kg' } }, false],
    ['value-quantity:missing=false', { valueSampledData: { origin: { value: 1 } } }, true],
    ['value-quantity=1', { valueSampledData: { origin: { value: 1 } } }, false],
  ]);
  table('Invoice', [
    ['totalnet=10||EUR', { totalNet: { value: 10, currency: 'EUR' } }, true],
    ['totalnet=10|urn:iso:std:iso:4217|EUR', { totalNet: { value: 10, currency: 'EUR' } }, true],
  ]);
  table('Condition', [['onset-age=gt40||a', { onsetAge: { value: 52, system: ucum, code: 'a' } }, true]]);
});

describe('addresses', () => {
  table('ValueSet', [
    ['url=http://a.example/v/1', { url: 'http://a.example/v/1' }, true],
    ['url=http://a.example/V/1', { url: 'http://a.example/v/1' }, false],
    ['url=http://a.example/v', { url: 'http://a.example/v/1' }, false],
    ['url:below=http://a.example/v', { url: 'http://a.example/v/1' }, true],
    ['url:below=http://a.example/v/', { url: 'http://a.example/v/1' }, true],
    ['url:below=http://a.example', { url: 'http://a.example/v/1' }, true],
    ['url:below=http://a.example/v/1', { url: 'http://a.example/v/1' }, true],
    ['url:below=http://a.example/v/1', { url: 'http://a.example/v/11' }, false],
    ['url:above=http://a.example/v/1/x', { url: 'http://a.example/v/1' }, true],
    ['url:above=http://a.example/v', { url: 'http://a.example/v/1' }, false],
    ['_profile=http://p.example/a', { meta: { profile: ['http://p.example/a|1'] } }, true],
    ['_profile=http://p.example/a|1', { meta: { profile: ['http://p.example/a|1'] } }, true],
    ['_profile:below=http://p.example', { meta: { profile: ['http://p.example/a|1'] } }, true],
    ['_source=urn:x:1', { meta: { source: 'urn:x:1' } }, true],
  ]);
  table('DocumentReference', [
    ['location=Binary/1', { content: [{ attachment: { url: `${BASE}/Binary/1` } }] }, true],
    [`location=${BASE}/Binary/1`, { content: [{ attachment: { url: 'Binary/1' } }] }, true],
  ]);
});

describe('composites', () => {
  const blood = {
    code: coding('http://loinc.org', '85354-9'),
    component: [
      { code: coding('http://loinc.org', '8480-6'), valueQuantity: { value: 107, code: 'mm[Hg]' } },
      { code: coding('http://loinc.org', '8462-4'), valueQuantity: { value: 60, code: 'mm[Hg]' } },
    ],
  };
  const text = { code: coding('http://loinc.org', '1'), valueString: 'Très bien' };
  table('Observation', [
    ['component-code-value-quantity=8480-6$107', blood, true],
    ['component-code-value-quantity=http://loinc.org|8480-6$gt100||mm[Hg]', blood, true],
    ['component-code-value-quantity=8462-4$gt100', blood, false],
    ['component-code-value-quantity=8462-4$gt100,8462-4$lt100', blood, true],
    ['component-code-value-quantity=http://loinc.org|$107', blood, true],
    ['combo-code-value-quantity=8480-6$107', blood, true],
    ['code-value-quantity=85354-9$107', blood, false],
    ['code-value-string=1$tres', text, true],
    ['code-value-string=1$bien', text, false],
    ['code-value-string=2$tres', text, false],
    ['code-value-date=1$2024', { code: coding(undefined, '1'), valueDateTime: '2024-02' }, true],
    [
      'code-value-concept=1$a',
      { code: coding(undefined, '1'), valueCodeableConcept: coding('http://s.example', 'a') },
      true,
    ],
    [
      'code-value-concept=1$b',
      { code: coding(undefined, '1'), valueCodeableConcept: coding('http://s.example', 'a') },
      false,
    ],
    [
      'code-value-concept=a\\$b$c',
      { code: coding(undefined, 'a$b'), valueCodeableConcept: coding(undefined, 'c') },
      true,
    ],
    [
      'code-value-concept=a$b\\$c',
      { code: coding(undefined, 'a$b'), valueCodeableConcept: coding(undefined, 'c') },
      false,
    ],
  ]);
  const relates = {
    relatesTo: [
      { code: 'replaces', target: { reference: 'DocumentReference/1' } },
      { code: 'appends', target: { reference: 'DocumentReference/2' } },
    ],
  };
  table('DocumentReference', [
    ['relationship=DocumentReference/1$replaces', relates, true],
    ['relationship=1$replaces', relates, true],
    ['relationship=DocumentReference/1$appends', relates, false],
    ['relatesto=1&relation=appends', relates, true],
  ]);
  table('Group', [
    [
      'characteristic-value=gender$true',
      { characteristic: [{ code: coding(undefined, 'gender'), valueBoolean: true }] },
      true,
    ],
    [
      'characteristic-value=gender$false',
      { characteristic: [{ code: coding(undefined, 'gender'), valueBoolean: true }] },
      false,
    ],
  ]);
  const variant = {
    referenceSeq: { chromosome: coding(undefined, '1') },
    variant: [
      { start: 10, end: 20 },
      { start: 30, end: 40 },
    ],
  };
  table('MolecularSequence', [
    ['chromosome-variant-coordinate=1$ge10$le20', variant, true],
    ['chromosome-variant-coordinate=1$ge30$le20', variant, false],
  ]);
});

describe('places', () => {
  // Notre-Dame de Paris; the Eiffel Tower lies 4.1 km to the west of it
  const tower = { position: { latitude: 48.85837, longitude: 2.294481 } };
  table('Location', [
    ['near=48.852968|2.349902|5|km', tower, true],
    ['near=48.852968|2.349902|4|km', tower, false],
    ['near=48.852968|2.349902|4', tower, false],
    ['near=48.852968|2.349902', tower, true],
    ['near=48.852968|2.349902||km', tower, true],
    ['near=48.952968|2.349902', tower, false],
    ['near=48.852968|2.349902|4200|m', tower, true],
    ['near=48.852968|2.349902|4000|m', tower, false],
    ['near=48.852968|2.349902|2.6|[mi_us]', tower, true],
    ['near=48.852968|2.349902|2.4|[mi_us]', tower, false],
    ['near=48.85837|2.294481|0', tower, true],
    ['near=0|0,48.852968|2.349902', tower, true],
    ['near=0|179.99|3', { position: { latitude: 0, longitude: -179.99 } }, true],
    ['near=-33.86|151.21|1', { position: { latitude: -33.86, longitude: 151.21 } }, true],
    ['near=0|0', {}, false],
    ['near=0|0', { position: { latitude: 0 } }, false],
    ['near:missing=true', {}, true],
    ['near:missing=true', tower, false],
    ['near:missing=false', tower, true],
  ]);
});

describe('composites that are missing', () => {
  const code = coding('http://loinc.org', '8480-6');
  const valueQuantity = { value: 120 };
  table('Observation', [
    ['code-value-quantity:missing=false', { code, valueQuantity }, true],
    ['code-value-quantity:missing=true', { code, valueQuantity }, false],
    ['code-value-quantity:missing=true', { code }, true],
    ['code-value-quantity:missing=true', { valueQuantity }, true],
    ['code-value-quantity:missing=true', { code, component: [{ code, valueQuantity }] }, true],
    ['component-code-value-quantity:missing=false', { component: [{ code, valueQuantity }] }, true],
    ['component-code-value-quantity:missing=true', { component: [{ code }, { valueQuantity }] }, true],
    ['combo-code-value-quantity:missing=false', { component: [{ code, valueQuantity }] }, true],
  ]);
});
