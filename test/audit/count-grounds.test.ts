/** By what a number was told, where nothing else was: the same whatever it counted, hidden things included. */
import type { Resource } from '../../src/fhir/resource.ts';
import { Space, label, permits } from '../enforcement/support/space.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

const GP = 'Practitioner/demo-gp';
let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

type Entity = { type: { code: string }; detail?: { type: string; valueString: string }[] };

/** Line and reasons of each decision in the traces that this request left, as their reader is given them. */
async function decidedOf(reader: Client, { id }: Space, asker: Client, asked: string): Promise<string[][]> {
  const request = `count-${(count += 1)}`;
  const { status, json } = await asker.get(asked, { 'x-request-id': request });
  expect([status, typeof json.total]).toEqual([200, 'number']);
  const found = await reader.get(
    `AuditEvent?patient=${id}&entity-type=XrequestId&_count=100&_sort=-_lastUpdated`,
  );
  return ((found.json.entry ?? []) as { resource: Resource }[])
    .map(({ resource }) => resource.entity as Entity[])
    .filter((entities) => JSON.stringify(entities).includes(`"${request}"`))
    .map((entities) =>
      entities
        .filter(({ type }) => type.code === 'decision')
        .flatMap(({ detail = [] }) =>
          detail.map(({ type, valueString }) => `${type} ${valueString.split('/_history')[0]}`),
        ),
    );
}
let count = 0;

const COUNTS = (id: string): string[] => [
  `DocumentReference?patient=${id}&_summary=count`,
  `DocumentReference?patient=${id}&_count=0`,
  `DocumentReference?patient=${id}&status=superseded&_count=0`,
  `Observation?patient=${id}&_summary=count`,
  `DocumentReference?patient.name=Martin&patient=${id}&_summary=count`,
];

it('a count tells its Consent and line, whatever it found', async () => {
  const space = await Space.of(carnet);
  const consent = await space.says(permits(GP));
  await space.deposit();
  for (const asked of COUNTS(space.id))
    expect(await decidedOf(space.me, space, carnet.as('gp'), asked)).toEqual([
      ['line 10', `because Consent/${consent}`],
    ]);
});

it('who deposited and whom nothing is permitted counts by that alone', async () => {
  const space = await Space.of(carnet);
  await space.deposit();
  for (const asked of COUNTS(space.id))
    expect(await decidedOf(space.me, space, carnet.as('hospital'), asked)).toEqual([['line 3']]);
});

it('the patient counts as themself', async () => {
  const space = await Space.of(carnet);
  for (const asked of [...COUNTS(space.id), `AuditEvent?patient=${space.id}&_summary=count`])
    expect(await decidedOf(space.me, space, space.me, asked)).toEqual([['line 6']]);
});

it('what is hidden from the patient changes nothing of what its count’s trace tells', async () => {
  const [empty, hiding] = [await Space.of(carnet), await Space.of(carnet)];
  await hiding.deposit({ securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] });
  for (const space of [empty, hiding]) {
    const consent = await space.says(permits(GP));
    expect(
      await decidedOf(
        space.me,
        space,
        carnet.as('gp'),
        `DocumentReference?patient=${space.id}&_summary=count`,
      ),
    ).toEqual([['line 10', `because Consent/${consent}`]]);
  }
});

it('of who is blocked a count tells no Consent', async () => {
  const space = await Space.of(carnet);
  await space.says(permits(GP));
  await space.deposit();
  await space.blocks(GP);
  expect(
    await decidedOf(space.me, space, carnet.as('gp'), `DocumentReference?patient=${space.id}&_summary=count`),
  ).toEqual([['line 3']]);
});

it('a count over all patients is told to each whom it counts, by what that patient says', async () => {
  const space = await Space.of(carnet);
  const consent = await space.says(permits(GP));
  await space.deposit();
  expect(await decidedOf(space.me, space, carnet.as('gp'), 'DocumentReference?_summary=count')).toEqual([
    ['line 10', `because Consent/${consent}`],
  ]);
});
