/** A subscriber who takes nothing has a bounded number of turns, however many Subscriptions: others go on beside them. */
import { createServer } from 'node:http';
import type { Subject } from '../../src/consent/subject.ts';
import { sockets } from '../../src/http/websocket.ts';
import type { Outbox } from '../../src/notice/outbox.ts';
import { terminology } from '../../src/search/known-terminology.ts';
import { Deliverer } from '../../src/subscription/deliverer.ts';
import type { Claimed, Desk, Kept } from '../../src/subscription/ports.ts';
import { byTopic } from './support/endpoint.ts';

const keptAs = (id: string): Kept => ({
  id,
  vid: '1',
  status: 'requested',
  place: 0,
  since: 0,
  events: 0,
  given: 0,
  sent: 0,
  tries: 0,
});

test('a hundred websockets that don’t read hold up no other subscriber’s', async () => {
  const server = createServer();
  const channel = sockets(server, 'http://localhost/fhir', async () => []);
  const begun: string[] = [];
  let stop = (): void => {};
  const never = new Promise<void>((resolve) => (stop = resolve));
  const resource = { ...byTopic({ type: 'websocket', endpoint: undefined }), end: '2999-01-01T00:00:00Z' };
  const due = [...Array.from({ length: 100 }, (_, n) => keptAs(`slow-${n}`)), keptAs('other')];
  const desk: Partial<Desk> = {
    due: async () => due,
    open: async ({ id }) => ({
      subject: { role: 'system', depositor: `Organization/${id.split('-')[0]!}` } as Subject,
      resource,
    }),
    claim: async (kept): Promise<Claimed> => ({ ...kept, claim: 'a' }),
    later: async () => {},
    hold: async () => {},
  };
  const way = {
    ...channel,
    isHere: () => true,
    reach: async (_: unknown, id: string) => (begun.push(id), { send: () => never, close() {} }),
  };
  const deliverer = new Deliverer({
    desk: desk as Desk,
    outbox: { position: async () => 0, after: async () => [] } as unknown as Outbox,
    channels: { websocket: way, 'rest-hook': way, email: way },
    session: () => {
      throw new Error('nothing is read');
    },
    stands: async () => true,
    offered: () => ({
      base: 'http://localhost/fhir',
      types: new Set(['DocumentReference']),
      terminology,
      now: Date.now(),
      hosts: [],
      mails: false,
    }),
    base: 'http://localhost/fhir',
    now: Date.now,
    ended: () => {},
    failed: () => {},
  });
  for (let run = 0; run < 3; run += 1) await deliverer.run(new AbortController().signal);
  expect(begun.filter((id) => id.startsWith('slow'))).toHaveLength(16);
  expect(begun).toContain('other');
  stop();
  channel.close();
  await deliverer.settle();
});
