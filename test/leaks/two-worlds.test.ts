/**
 * A store that holds what is hidden and one that doesn't answer alike, byte for byte, whoever asks and however.
 * docs/decisions and the design's table "Hidden equals absent".
 */
import type { Json } from '../../src/fhir/resource.ts';
import { exported } from '../record/support/exported.ts';
import { HIDDEN_CONTENT } from './support/content.ts';
import { AT_ONCE, SEQUENCE } from './support/probes.ts';
import { histories } from './support/histories.ts';
import { counts, more, traces } from './support/traces.ts';
import {
  CALLERS,
  type World,
  answers,
  callerIn,
  comparable,
  difference,
  makeWorld,
} from './support/worlds.ts';

/** Thousands of requests, on machines that may be busy. */
const PATIENCE = 360_000;

let full: World;
let empty: World;
beforeAll(async () => {
  [full, empty] = await Promise.all([makeWorld(import.meta.url, true), makeWorld(import.meta.url, false)]);
}, PATIENCE);
afterAll(async () => {
  await Promise.all([full?.carnet.close(), empty?.carnet.close()]);
});

it('asks at least 200 questions', () => {
  expect(AT_ONCE.length + SEQUENCE.length).toBeGreaterThan(200);
});

describe.each(CALLERS)('to %s', (who) => {
  it.each([
    ['reads, searches and pages, and writes of what is hidden', AT_ONCE, true],
    ['writes that touch what is hidden', SEQUENCE, false],
  ] as const)(
    'hidden and absent are alike in %s',
    async (_, probes, atOnce) => {
      const [withHidden, without] = await Promise.all(
        [full, empty].map((world) => answers(world, callerIn(world, who), probes, atOnce)),
      );
      const told = probes.flatMap(({ method, path }, index) =>
        withHidden![index] === without![index]
          ? []
          : [{ probe: `${method} ${path}`, ...difference(withHidden![index]!, without![index]!) }],
      );
      expect(told).toEqual([]);
      expect(withHidden!.filter((answer) => answer.startsWith('5'))).toEqual([]);
    },
    PATIENCE,
  );

  it(
    'hidden and absent are alike in the traces of all that was asked',
    async () => {
      const [counted, uncounted] = await Promise.all(
        [full, empty].map((world) => counts(callerIn(world, who))),
      );
      const [withHidden, without] = await Promise.all(
        [full, empty].map((world) => traces(world, callerIn(world, who))),
      );
      expect([more(withHidden!, without!), more(without!, withHidden!)]).toEqual([[], []]);
      expect(counted).toEqual(uncounted);
      if (who !== 'app' && who !== 'operator') expect(withHidden!.length).toBeGreaterThan(50);
    },
    PATIENCE,
  );

  it(
    'hidden and absent are alike in the access histories',
    async () => {
      const asked = ['DocumentReference/hugo-doc', 'DocumentReference/vera-doc1', 'Observation/hugo-obs'];
      for (const patient of ['hugo', 'vera', 'nobody']) {
        const [withHidden, without] = await Promise.all(
          [full, empty].map((world) => histories(callerIn(world, who), patient, asked)),
        );
        expect(withHidden).toEqual(without);
      }
    },
    PATIENCE,
  );
});

it(
  'hidden and absent are alike in the record that a patient takes home',
  async () => {
    const taken = await Promise.all(
      [full, empty].map(async (world) => {
        const token = world.carnet.tokenFor({ reference: 'Patient/vera' }, 'patient');
        const { files, manifest } = await exported(callerIn(world, 'patient'), token, 'vera');
        const told = [...files]
          // told of every request to either world: see the access histories
          .filter(([name]) => !name.startsWith('historique') && !name.endsWith('.pdf'))
          .map(([name, bytes]) => [name, takenHome(comparable(world, bytes.toString('latin1')))]);
        const { resources, documents } = manifest.extension as Json;
        return { told, resources, documents, names: [...files.keys()] };
      }),
    );
    expect(taken[0]!.names).toContain('fhir/DocumentReference-1.ndjson');
    expect(taken[0]).toEqual(taken[1]);
  },
  PATIENCE,
);

/** Without the order's own id and time, and without the latest visits. */
const takenHome = (text: string): string =>
  text
    .replace(/<meta name="export"[^>]*>/, '')
    .replace(/<\/h1><p>[^<]*<\/p>/, '')
    .replace(/<h2 id="history">.*?<\/section>/s, '');

it.each(['gp', 'patient', 'hospital', 'app'] as const)(
  'to %s a Binary that is hidden, held back or absent is one answer, whatever part is asked for and how',
  async (who) => {
    const client = callerIn(full, who);
    const etag = (id: string) => `W/"${full.vids.get(`Binary/${id}`) ?? '0123456789abcdef0123'}"`;
    const asked = async (id: string): Promise<string[]> => {
      const ways: [string, Record<string, string>][] = [
        ['GET', {}],
        ['GET', { accept: '*/*' }],
        ['HEAD', { accept: '*/*' }],
        ['GET', { range: 'bytes=0-0' }],
        ['GET', { range: 'bytes=-1' }],
        ['GET', { range: 'bytes=99999-' }],
        ['HEAD', { range: 'bytes=0-0' }],
        ['GET', { 'if-none-match': etag(id) }],
        ['GET', { 'if-none-match': '*' }],
        ['GET', { range: 'bytes=0-0', 'if-range': etag(id) }],
        ['GET', { 'if-modified-since': 'Tue, 01 Jan 2036 00:00:00 GMT' }],
      ];
      const told: string[] = [];
      for (const [method, headers] of ways)
        told.push(...(await answers(full, client, [{ method, path: `Binary/${id}`, headers }], false)));
      return told;
    };
    const [hidden, held, absent] = [
      await asked('hugo-bin'),
      await asked('hugo-held'),
      await asked('never-was'),
    ];
    expect([hidden, held]).toEqual([absent, absent]);
    expect(absent!.filter((each) => !each.startsWith('404'))).toEqual([]);
  },
);

it('shows what is hidden to nobody, and leaves it as it was', async () => {
  const all = full.carnet.as('all');
  for (const { resourceType, id } of HIDDEN_CONTENT) {
    const { status, json } = await all.get(`${resourceType}/${id}/_history`);
    const versions = { 'hugo-obs': 2, 'hugo-deleted': 2 }[id!] ?? 1;
    expect([id, status, json?.total]).toEqual([id, 200, versions]);
  }
});
