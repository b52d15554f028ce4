/** Plays the scene of each kind of hiding in two worlds, up to the moment when it is hidden. */
import { type Client, testServer } from '../../support/server.ts';
import { named } from './cast.ts';
import type { Kind } from './kinds.ts';
import { launched, launching } from './launching.ts';
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
  const newId = (): string => `made-${String((made += 1)).padStart(4, '0')}`;
  const oauth = kinds.some((kind) => kind.launched !== undefined)
    ? await launching(file, kinds, newId)
    : undefined;
  const carnet = oauth?.carnet ?? (await testServer(file, { newId }));
  const world = { carnet, vids: new Map(), firsts: new Map(), before: new Map(), launched: new Map() };
  try {
    for (const kind of kinds) {
      await load(carnet, shownBy(kind));
      if (kind.launched !== undefined) world.launched.set(kind.kind, await launched(oauth!, kind));
      await play(world, kind, hidden);
    }
  } catch (error) {
    await carnet.close();
    throw error;
  }
  return world;
}

export function callerOf({ carnet, launched: clients }: World, { kind, caller, like }: Kind): Client {
  return clients?.get(kind) ?? carnet.as({ token: carnet.tokenFor(caller, like) });
}

/** What is asked for at first, and gone on with afterwards. */
export function firstPage({ manner, visible, of }: Kind): string {
  return `${manner.type}?patient=${visible},${of}&_count=1&_sort=_id`;
}

interface Stage extends World {
  vids: Map<string, string>;
  firsts: Map<string, string>;
  before: Map<string, string>;
}

async function play(stage: Stage, kind: Kind, hidden: boolean): Promise<void> {
  const { carnet, vids, firsts, before } = stage;
  const all = carnet.as('all');
  const client = callerOf(stage, kind);
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
  if (hidden) await load(carnet, kind.alone);
  if (isThere) await load(carnet, hiddenBy(kind), depositor);
  const { own } = named(kind);
  const [type = '', id = ''] = own.split('/');
  const face = { date: '2024-03-03T08:00:00Z', words: 'own words', code: 'plain', more: kind.more };
  // by a launch nobody chooses ids
  const owner = kind.launched === undefined ? client : all;
  const { status, text } = await owner.put(own, kind.manner.make(id, kind.visible, face));
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
