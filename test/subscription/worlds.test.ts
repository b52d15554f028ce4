/**
 * Two worlds: in one there are documents that are hidden from the subscriber, in the other there never were. What
 * subscribers are sent, and can ask for, is the same: no number is missing, no count differs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { blocking, people, permitting, visibility } from '../notice/support/world.ts';
import { type Endpoint, byCriteria, byTopic, endpoint, read, until } from './support/endpoint.ts';

interface World {
  carnet: TestServer;
  hook: Endpoint;
  plain: Endpoint;
  isWith: boolean;
}

let worlds: World[];
beforeAll(async () => {
  worlds = await Promise.all(
    [true, false].map(async (isWith): Promise<World> => {
      const [hook, plain] = [await endpoint(), await endpoint()];
      const carnet = await testServer(`${import.meta.url}-${isWith}`, {
        noticesEvery: 30,
        subscriptionHosts: [hook.host, plain.host],
      });
      await putAll(carnet.as('all'), people(5));
      const space = people(5).find(({ id }) => id === 'n-5')!;
      await putAll(carnet.as('all'), [{ ...space, active: false }]);
      return { carnet, hook, plain, isWith };
    }),
  );
});
afterAll(async () => {
  for (const { carnet, hook, plain } of worlds ?? []) {
    await carnet.close();
    await hook.stop();
    await plain.stop();
  }
});

/** For everybody, of any purpose. */
function consent(patient: string, who: string | undefined, type: 'permit' | 'deny', label?: string) {
  const { provision, ...rest } = permitting(patient, who);
  const { purpose: _, ...named } = provision as { purpose: unknown };
  const securityLabel = label === undefined ? {} : { securityLabel: [visibility(label)] };
  return { ...rest, provision: { ...named, type, ...securityLabel } };
}

const document = (patient: string, text: string, label?: string) => ({
  resourceType: 'DocumentReference',
  status: 'current',
  description: text,
  type: { coding: [{ system: 'http://loinc.org', code: '11502-2' }] },
  subject: { reference: `Patient/${patient}` },
  content: [{ attachment: { contentType: 'text/plain' } }],
  ...(label === undefined ? {} : { securityLabel: [{ coding: [visibility(label)] }] }),
});

/**
 * Which are hidden from whom, and why. `n-1` permits the subscriber, `n-2` doesn't, `n-3` has said nothing, `n-4` permits
 * and blocks them, `n-5` permits and has closed their space.
 */
const HIDDEN: Record<string, [patient: string, label?: string][]> = {
  professional: [['n-1', 'MASQUE_PS'], ['n-2'], ['n-3'], ['n-4'], ['n-5']],
  app: [
    ['n-1', 'MASQUE_PS'],
    ['n-1', 'INVISIBLE_PATIENT'],
    ['n-1', 'INVISIBLE_REPRESENTANTS_LEGAUX'],
    ['n-2'],
    ['n-3'],
  ],
};
const SUBSCRIBERS = [
  ['professional', 'emergency', 'Practitioner/demo-emergency', {}],
  ['app', 'app', 'Device/demo-app', { scope: 'patient/*.rs patient/Subscription.cruds' }],
] as const;

test.each(SUBSCRIBERS)(
  'what the %s is told is the same in both',
  async (name, like, reference, changes) => {
    const streams = await Promise.all(
      worlds.map((world) => streamOf(world, { name, like, reference, changes })),
    );
    expect(streams[0]!.events.map(({ text }) => text)).toEqual(['seen 0', 'seen 1', 'seen 2', 'seen 3']);
    expect(streams[0]).toEqual(streams[1]);
  },
  120_000,
);

interface Subscriber {
  name: string;
  like: (typeof SUBSCRIBERS)[number][1];
  reference: string;
  changes: object;
}

async function streamOf(
  { carnet, hook, plain, isWith }: World,
  { name, like, reference, changes }: Subscriber,
) {
  hook.sent.length = 0;
  plain.sent.length = 0;
  const subscriber = carnet.as({ token: carnet.tokenFor(changes, like) });
  const all = carnet.as('all');
  const stated = [
    consent('n-1', reference, 'permit'),
    consent('n-2', reference, 'deny'),
    consent('n-4', reference, 'permit'),
    consent('n-5', reference, 'permit'),
    ...(reference.startsWith('Practitioner/') ? [blocking('n-4', reference)] : []),
  ];
  for (const each of stated) expect((await all.post('Consent', each)).status).toBe(201);
  const resources = [
    byTopic({ endpoint: hook.url }, { content: 'full-resource' }),
    byCriteria(plain.url, 'DocumentReference?', { payload: undefined }),
  ];
  const ids: string[] = [];
  for (const each of resources) ids.push((await subscriber.post('Subscription', each)).json.id);
  for (const id of ids)
    await until(async () => (await subscriber.get(`Subscription/${id}`)).json.status === 'active');
  const deposit = async (...args: Parameters<typeof document>): Promise<string> => {
    const { status, json } = await carnet.as('hospital').post('DocumentReference', document(...args));
    expect(status).toBe(201);
    return json.id;
  };
  for (let n = 0; n < 4; n += 1) {
    if (isWith)
      for (const [patient, label] of HIDDEN[name]!) {
        const id = await deposit(patient, `hidden ${n}`, label);
        expect((await carnet.as('hospital').delete(`DocumentReference/${id}`)).status).toBe(204);
      }
    await deposit('n-1', `seen ${n}`);
    await until(() => read(hook.sent.at(-1)!.text).count === n + 1 && plain.sent.length === n + 1);
  }
  if (isWith) for (const [patient, label] of HIDDEN[name]!) await deposit(patient, 'hidden after', label);
  await sleep(300);
  const [topical = ''] = ids;
  const status = await subscriber.get(`Subscription/${topical}/$status`);
  const events = await subscriber.get(`Subscription/${topical}/$events`);
  for (const id of ids) await subscriber.delete(`Subscription/${id}`);
  return {
    events: hook.sent
      .map(({ text }) => read(text))
      .flatMap(({ events: each, resources: told }) =>
        each.map(({ number }, at) => ({ number, text: told[at]!.description })),
      ),
    sizes: hook.sent.map(({ text }) => text.length),
    pings: plain.sent.map(({ method, path, text }) => [method, path, text]),
    status: status.text.replaceAll(carnet.base, '').replaceAll(topical, '').length,
    again: read(events.text).events.map(({ number }) => number),
  };
}
