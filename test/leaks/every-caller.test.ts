/**
 * Whoever asks: aidants, parents, guardians, patients' apps, professionals in an emergency or by an app of theirs. A store that
 * holds what is hidden from them and one that doesn't answer alike, each way in which such a server may leak.
 */
import { ACTING } from './support/acting.ts';
import { PATIENCE, alike, itWouldNotice } from './support/alike.ts';
import { makeStage } from './support/stages.ts';
import type { World } from './support/worlds.ts';

let full: World | undefined;
let empty: World | undefined;
beforeAll(async () => {
  [full, empty] = await Promise.all(
    [true, false].map((hidden) => makeStage(import.meta.url, hidden, ACTING)),
  );
}, PATIENCE);
afterAll(async () => {
  await Promise.all([full?.carnet.close(), empty?.carnet.close()]);
});

const worlds = () => [full!, empty!] as const;
itWouldNotice(ACTING, worlds);
// aidants and apps are given no traces
alike(ACTING, worlds, ['aidant', 'aided', 'tookback', 'connected', 'through', 'shared']);
