/** What carries labels is found by what it says of itself, to who may see it: docs/decisions/0041. */
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { Space, label, permits } from './support/space.ts';

const LOINC = 'http://loinc.org';
const TYPE = { coding: [{ system: LOINC, code: '34112-3' }] };
const MASKED = [{ coding: [label('MASQUE_PS')] }];
const PHYSICIAN = 'Practitioner/demo-emergency';

let carnet: TestServer;
let space: Space;
let [plain, masked] = ['', ''];
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  space = await Space.of(carnet, { generalPractitioner: [{ reference: 'Practitioner/demo-gp' }] });
  await space.says(permits('Practitioner/demo-gp', PHYSICIAN));
  plain = await space.deposit({ type: TYPE });
  const target = { reference: `DocumentReference/${plain}` };
  masked = await space.deposit({
    type: TYPE,
    securityLabel: MASKED,
    relatesTo: [{ code: 'appends', target }],
  });
});
afterAll(() => carnet?.close());

const WAYS: [string, string][] = [
  ['by a code', `type=${LOINC}|34112-3`],
  ['by a code, in order', 'type=34112-3&status=current&_sort=-date'],
  ['by either of two codes', 'type=34112-3,11488-4'],
  ['by a code that it must not have', 'type=34112-3&status:not=superseded'],
  ['by a code that it must not have, alone', 'type:not=11488-4'],
  ['by what is missing', 'type=34112-3&setting:missing=true'],
];

const READERS: [string, () => Client, boolean][] = [
  ['the patient', () => space.me, true],
  ['the general practitioner', () => carnet.as('gp'), true],
  ['who deposited it', () => carnet.as('hospital'), true],
  ['a physician who may see what isn’t masked', () => carnet.as('emergency'), false],
];

async function found(client: Client, query: string): Promise<string[]> {
  const { status, json, text } = await client.get(`DocumentReference?${query}`);
  if (status !== 200) throw new Error(text);
  return ((json.entry ?? []) as { resource: { id: string } }[]).map(({ resource }) => resource.id).sort();
}

describe.each(READERS)('%s', (_, reader, seesMasked) => {
  it.each(WAYS)('finds %s what they may see, and is told how much', async (_way, query) => {
    const asked = `patient=${space.id}&${query}`;
    const expected = seesMasked ? [plain, masked].sort() : [plain];
    expect(await found(reader(), asked)).toEqual(expected);
    const { json } = await reader().get(`DocumentReference?${asked}&_summary=count`);
    expect(json.total).toBe(expected.length);
  });

  it('finds by what it names, and what names what was found', async () => {
    const [naming, both] = seesMasked ? [[masked], [plain, masked].sort()] : [[], [plain]];
    const client = reader();
    expect(await found(client, `patient=${space.id}&relatesto=DocumentReference/${plain}`)).toEqual(naming);
    expect(await found(client, `_id=${plain}&_revinclude=DocumentReference:relatesto`)).toEqual(both);
    const label = await found(client, `patient=${space.id}&security-label=MASQUE_PS`);
    expect(label).toEqual(naming);
  });
});
