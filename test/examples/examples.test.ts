/** Input that nobody here wrote: HL7's own examples and Synthea's patients. https://hl7.org/fhir/R4/examples.html */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DEFAULT_TYPES } from '../../src/config/variables.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { type TestServer, testServer } from '../support/server.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/examples/', import.meta.url));
const HL7_EXAMPLES = 107;
const SYNTHEA_BUNDLES = 5;

interface Bundle {
  entry: { fullUrl: string; resource: Resource; request: { method: string; url: string } }[];
}

function read<T>(folder: string): T[] {
  if (!existsSync(`${FOLDER}${folder}`)) {
    throw new Error(
      `these tests need the examples in \`../shared/examples/${folder}\`, beside the project's folder`,
    );
  }
  return readdirSync(`${FOLDER}${folder}`)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(`${FOLDER}${folder}/${name}`, 'utf8')) as T);
}

let carnet: TestServer | undefined;
const serve = async (more: Iterable<string>): Promise<TestServer> =>
  (carnet = await testServer(import.meta.url, { types: [...new Set([...DEFAULT_TYPES, ...more])] }));
afterEach(async () => {
  await carnet?.close();
  carnet = undefined;
});

const withoutVersion = ({ meta, ...rest }: Resource) => {
  const { versionId: _v, lastUpdated: _l, ...others } = meta ?? {};
  return { ...rest, ...(Object.keys(others).length > 0 ? { meta: others } : {}) };
};

it('takes each official example by PUT and gives it back as it was', async () => {
  const examples = read<Resource>('hl7-r4');
  expect(examples).toHaveLength(HL7_EXAMPLES);
  const all = (await serve(examples.map(({ resourceType }) => resourceType))).as('all');
  const refused: unknown[] = [];
  const changed: string[] = [];
  for (const example of examples) {
    const name = `${example.resourceType}/${example.id}`;
    const put = await all.put(name, example);
    if (put.status !== 201) refused.push([name, put.status, put.text]);
    const { json } = await all.get(name, { accept: 'application/fhir+json' });
    if (JSON.stringify(sorted(withoutVersion(json))) !== JSON.stringify(sorted(withoutVersion(example))))
      changed.push(name);
  }
  expect(refused).toEqual([]);
  expect(changed).toEqual([]);
}, 60_000);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  );
}

/** `Practitioner?identifier=system|value`, as the Bundles name whom they don't bring. */
function conditionalReferences(bundles: readonly Bundle[]): string[] {
  const found = JSON.stringify(bundles).match(/"reference":"[A-Za-z]+\?identifier=[^"]+"/g) ?? [];
  return [...new Set(found.map((text) => text.slice('"reference":"'.length, -1)))];
}

const named: Record<string, object> = {
  Practitioner: { name: [{ family: 'Example' }] },
  Organization: { name: 'Example' },
  Location: { name: 'Example' },
};

/** What each Bundle, and all together, hold of a type. */
const count = (bundle: Bundle, type: string): number =>
  bundle.entry.filter(({ resource }) => resource.resourceType === type).length;

it('takes the Bundles of Synthea as transactions and finds all that they hold', async () => {
  const bundles = read<Bundle>('synthea');
  expect(bundles).toHaveLength(SYNTHEA_BUNDLES);
  const types = new Set(bundles.flatMap(({ entry }) => entry.map(({ resource }) => resource.resourceType)));
  const all = (await serve(types)).as('all');
  const references = conditionalReferences(bundles);
  expect(references.length).toBeGreaterThan(0);
  for (const reference of references) {
    const [type = '', query = ''] = reference.split('?');
    const [system, value] = new URLSearchParams(query).get('identifier')!.split('|');
    const made = await all.post(type, {
      resourceType: type,
      identifier: [{ system, value }],
      ...named[type],
    });
    expect([reference, made.status]).toEqual([reference, 201]);
  }
  for (const bundle of bundles) {
    const { status, text, json } = await all.post('', bundle);
    expect([status, status === 200 ? '' : text.slice(0, 500)]).toEqual([200, '']);
    expect(json.entry).toHaveLength(bundle.entry.length);
    const patient = json.entry[0].response.location.match(/Patient\/([^/]+)/)[1];
    for (const type of [
      'Encounter',
      'Condition',
      'Observation',
      'Claim',
      'ExplanationOfBenefit',
      'Immunization',
    ]) {
      const found = await all.get(`${type}?patient=${patient}&_count=0`);
      expect([type, found.json.total]).toEqual([type, count(bundle, type)]);
    }
    const everything = await all.get(`Patient/${patient}/Observation?_count=1000`);
    expect(everything.json.entry ?? []).toHaveLength(count(bundle, 'Observation'));
  }
  for (const type of types) {
    const found = await all.get(`${type}?_count=0`);
    const sum = bundles.reduce((total, bundle) => total + count(bundle, type), 0);
    const before = references.filter((reference) => reference.startsWith(`${type}?`)).length;
    expect([type, found.json.total]).toEqual([type, sum + before]);
  }
  const loinc = bundles.flatMap(({ entry }) =>
    entry.filter(({ resource }) => JSON.stringify(resource.code ?? {}).includes('"code":"8302-2"')),
  );
  expect(loinc.length).toBeGreaterThan(0);
  const heights = await all.get('Observation?code=http://loinc.org|8302-2&_count=0');
  expect(heights.json.total).toBe(loinc.length);
  const ofName = await all.get('Observation?code=8302-2&performer:missing=true&_count=0');
  expect(ofName.json.total).toBe(loinc.filter(({ resource }) => resource.performer === undefined).length);
  const left = JSON.stringify((await all.get('Encounter?_count=1000')).json).match(
    /"reference":"(?:urn:uuid:|[A-Za-z]+\?)/g,
  );
  expect(left).toBeNull();
}, 120_000);
