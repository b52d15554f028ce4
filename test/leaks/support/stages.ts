/** Plays the scene of each kind of hiding in two worlds, up to the moment when it is hidden. */
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { named } from './cast.ts';
import type { Kind } from './kinds.ts';
import { endingPermit, hiddenBy, hidingOf, shownBy } from './scenes.ts';
import { type World, load, nextPage } from './worlds.ts';

/** Long enough for a page to be asked for before. */
const ENDS_AFTER = 4000;

/** All kinds share a world: whose data are hidden in one way, lets the callers of the others read nothing. */
export async function makeStage(
  file: string,
  hidden: boolean,
  kinds: readonly Kind[],
): Promise<Required<World>> {
  let made = 0;
  const carnet = await testServer(file, { newId: () => `made-${String((made += 1)).padStart(4, '0')}` });
  const world = { carnet, vids: new Map(), firsts: new Map(), before: new Map() };
  try {
    for (const kind of kinds) await play(world, kind, hidden);
  } catch (error) {
    await carnet.close();
    throw error;
  }
  return world;
}

export function callerOf(carnet: TestServer, { caller, like }: Kind): Client {
  return carnet.as({ token: carnet.tokenFor(caller, like) });
}

/** What is asked for at first, and gone on with afterwards. */
export function firstPage({ manner, visible, of }: Kind): string {
  return `${manner.type}?patient=${visible},${of}&_count=1&_sort=_id`;
}

interface Stage {
  carnet: TestServer;
  vids: Map<string, string>;
  firsts: Map<string, string>;
  before: Map<string, string>;
}

async function play({ carnet, vids, firsts, before }: Stage, kind: Kind, hidden: boolean): Promise<void> {
  const all = carnet.as('all');
  const client = callerOf(carnet, kind);
  const isThere = hidden || kind.deposited === true;
  const depositor = kind.deposited === true ? client : all;
  const keys = Object.values(named(kind));
  const versions = async (into: Map<string, string>): Promise<void> => {
    const replies = await Promise.all(keys.map((key) => all.get(`${key}/$meta`)));
    replies.forEach(({ json }, index) => {
      const version = json?.parameter?.[0]?.valueMeta?.versionId as string | undefined;
      if (version !== undefined) into.set(keys[index]!, version);
    });
  };
  await load(carnet, shownBy(kind));
  if (hidden) await load(carnet, kind.alone);
  if (isThere) await load(carnet, hiddenBy(kind), depositor);
  const { own } = named(kind);
  const [type = '', id = ''] = own.split('/');
  const face = { date: '2024-03-03T08:00:00Z', words: 'own words', code: 'plain', more: kind.more };
  const { status, text } = await client.put(own, kind.manner.make(id, kind.visible, face));
  expect([type, status, status === 201 ? '' : text]).toEqual([type, 201, '']);
  const end = Date.now() + ENDS_AFTER;
  if (hidden && kind.ends === true) await load(carnet, [endingPermit(kind, new Date(end).toISOString())]);
  if (isThere) await versions(firsts);
  const page = firstPage(kind);
  before.set(page, (await nextPage(client, page)) ?? '');
  await load(carnet, kind.hidesInBoth);
  if (hidden) await load(carnet, hidingOf(kind));
  if (isThere) {
    const again = hiddenBy(kind).find((each) => each.id === `${kind.kind}-h`)!;
    if (kind.puts === undefined) await load(carnet, [{ ...again, language: 'en' }], depositor);
    await versions(vids);
    expect((await depositor.delete(named(kind).deleted)).status).toBe(204);
  }
  if (kind.ends === true) await new Promise((done) => setTimeout(done, Math.max(0, end + 1 - Date.now())));
}
