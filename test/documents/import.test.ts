/** An archive of documents is imported: https://profiles.ihe.net/ITI/TF/Volume2/ITI-32.html */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Resource } from '../../src/fhir/resource.ts';
import { CT_IMAGE, dicom } from '../support/dicom.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';
import { type Described, cda1, cda3, media, patientOf, pdf, person } from './support/media.ts';
import { type ZipEntry, zipOf } from './support/zip.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let carnet: TestServer;
let all: Client;
let folder: string;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await putAll(
    all,
    [0, 1, 2, 3].map((index) => patientOf(person(index)) as Resource),
  );
});
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'carnet-import-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => carnet?.close());

function start(path: string): ChildProcess {
  return spawn(
    process.execPath,
    [
      join(ROOT, 'dist/cli/import.js'),
      path,
      '--base',
      carnet.base,
      '--token',
      carnet.token('loader'),
      '--journal',
      join(folder, 'journal'),
      '--concurrency',
      '2',
    ],
    { env: { PATH: process.env.PATH, DATA_DIR: folder, HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
}

async function run(path: string) {
  const child = start(path);
  let [out, err] = ['', ''];
  child.stdout!.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr!.on('data', (text: Buffer) => (err += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  const [, stored, before, rejected] = /^(\d+) stored, (\d+) stored before, (\d+) rejected/.exec(out) ?? [];
  return { code, out, err, counts: [stored, before, rejected].map(Number), reasons: rejectedFiles() };
}

const rejectedFiles = (): Record<string, string> => {
  try {
    const lines = readFileSync(join(folder, 'journal.rejected'), 'utf8').split('\n').filter(Boolean);
    return Object.fromEntries(
      lines.map((line) => Object.values(JSON.parse(line) as object) as [string, string]),
    );
  } catch {
    return {};
  }
};

function write(files: Iterable<readonly [string, Buffer]>): string {
  const root = join(folder, 'archive');
  for (const [path, content] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const below = (name: string, files: Map<string, Buffer>) =>
  [...files].map(([path, content]) => [`${name}/${path}`, content] as const);
const documentsOf = async (index: number) =>
  (await all.get(`DocumentReference?patient=import-${index}&_count=1000`)).json as {
    total: number;
    entry: { resource: Resource & Record<string, never> }[];
  };

it('brings in CDA of levels 1 and 3 and PDF, with what their metadata says', async () => {
  const who = person(0);
  const scan = pdf('scan');
  const documents: Described[] = [
    {
      uri: 'DOC1.XML',
      uid: '1.2.3.1',
      mime: 'text/xml',
      content: cda1(who, 'Niveau 1', '1.2.3.1', scan),
      title: 'Niveau 1',
    },
    {
      uri: 'DOC3.XML',
      uid: '1.2.3.3',
      mime: 'text/xml',
      content: cda3(
        who,
        'Niveau 3',
        '1.2.3.3',
        '<component><section><title>Motif</title><text>Toux</text></section></component>',
      ),
      title: 'Niveau 3',
      replaces: '1.2.3.1',
      confidentiality: [['MASQUE_PS', '1.2.250.1.213.1.1.4.13']],
    },
    {
      uri: 'DOC.PDF',
      uid: '1.2.3.5',
      mime: 'application/pdf',
      content: scan,
      title: 'PDF',
      status: 'Archived',
    },
    {
      uri: 'OLD.PDF',
      uid: '1.2.3.6',
      mime: 'application/pdf',
      content: pdf('old'),
      title: 'Ancien',
      status: 'Deprecated',
    },
    {
      uri: 'MINE.PDF',
      uid: '1.2.3.7',
      mime: 'application/pdf',
      content: pdf('mine'),
      title: 'Patient',
      authorPerson: `${who.ins}^${who.family}^${who.given}^^^^^^&1.2.250.1.213.1.4.10&ISO^D^^^INS-NIR`,
    },
  ];
  const { code, counts, reasons } = await run(write(below('personne-0', media(who, documents))));
  expect([code, counts, reasons]).toEqual([0, [6, 0, 0], {}]);
  const found = await documentsOf(0);
  const named = (title: string) =>
    found.entry
      .map(
        ({ resource }) =>
          resource as never as { content: { attachment: { title: string; url: string } }[] } & Record<
            string,
            unknown
          >,
      )
      .find(({ content }) => content[0]!.attachment.title === title)!;
  expect(found.total).toBe(5);
  expect(named('Niveau 3')).toMatchObject({
    status: 'current',
    masterIdentifier: { system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2.3.3' },
    type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] },
    category: [{ coding: [{ code: '10' }] }],
    subject: { reference: 'Patient/import-0' },
    date: '2024-06-12T08:30:00Z',
    relatesTo: [
      { code: 'replaces', target: { reference: `DocumentReference/${named('Niveau 1').id as string}` } },
    ],
    securityLabel: [{ coding: [{ code: 'N' }] }, { coding: [{ code: 'MASQUE_PS' }] }],
    contained: expect.arrayContaining([
      expect.objectContaining({
        resourceType: 'Practitioner',
        identifier: [{ system: 'urn:oid:1.2.250.1.71.4.2.1', value: '899700218896' }],
        name: [{ family: 'LAMBERT', given: ['Sophie'] }],
      }),
      expect.objectContaining({ resourceType: 'Organization', name: 'Centre hospitalier des Essais' }),
    ]) as unknown,
    content: [
      { attachment: { contentType: 'text/xml', language: 'fr-FR', size: documents[1]!.content.length } },
    ],
    context: { period: { start: '2024-06-10', end: '2024-06-12' } },
  });
  expect(named('PDF')).toMatchObject({ status: 'current', extension: [{ valueBoolean: true }] });
  expect(named('Ancien')).toMatchObject({ status: 'superseded' });
  expect(named('Patient')).toMatchObject({ author: [{ reference: 'Patient/import-0' }] });
  // read by who may read the document: the patient, not masked from them
  const owner = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/import-0' }, 'patient') });
  const read = await owner.get(named('Niveau 3').content[0]!.attachment.url, { accept: '*/*' });
  expect([read.status, read.text]).toEqual([200, documents[1]!.content.toString()]);
  const sets = await all.get('List?patient=import-0&code=submissionset');
  expect(sets.json.entry[0].resource.entry).toHaveLength(5);
  const traces = await all.get('AuditEvent?patient=import-0&action=E');
  expect(traces.json.total).toBeGreaterThan(0);
}, 60_000);

it('rejects each file that is wrong, says why, and takes the others', async () => {
  const who = person(1);
  const good = pdf('good');
  const of = (uri: string, more: Partial<Described> = {}): Described => ({
    uri,
    uid: `1.2.4.${uri.length}.${Buffer.from(uri).reduce((sum, each) => (sum * 31 + each) % 1_000_003, 7)}`,
    mime: 'application/pdf',
    content: good,
    ...more,
  });
  const documents = [
    of('GOOD.PDF'),
    of('HASH.PDF', { hash: '0'.repeat(40) }),
    of('TYPE.PNG', { mime: 'image/png' }),
    of('OLDINS.PDF', { patientId: '123^^^&1.2.250.1.213.1.4.2&ISO^PI' }),
    of('KEY.PDF', {
      patientId: `${who.ins.slice(0, 13)}${String((Number(who.ins.slice(13)) % 97) + 1).padStart(2, '0')}^^^&1.2.250.1.213.1.4.10&ISO^NH`,
    }),
    of('NOBODY.PDF', { patientId: `${person(77).ins}^^^&1.2.250.1.213.1.4.10&ISO^NH` }),
    of('OTHER.XML', { mime: 'text/xml', content: cda3(person(2), 'x', '1.2.3.9', '') }),
    of('XXE.XML', {
      mime: 'text/xml',
      content: Buffer.from('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    }),
    of('../../../../etc/passwd'),
    of('file:///etc/passwd'),
    of('GONE.PDF'),
    of('STATUS.PDF', { status: 'Vanished' }),
    of('WORD.DOC', { mime: 'application/msword', content: Buffer.from('d0cf11e0a1b11ae1', 'hex') }),
    of('IMAGE.DCM', { mime: 'application/dicom', content: dicom({ meta: CT_IMAGE }) }),
    of('CLASS.PDF', { class: '42' }),
    of('KOS.DCM', { mime: 'application/dicom', content: dicom() }),
  ];
  const files = media(who, documents);
  files.delete('IHE_XDM/SUBSET01/GONE.PDF');
  for (const path of Array.from(files.keys())) if (/passwd/.test(path)) files.delete(path);
  files.set('IHE_XDM/SUBSET01/STRAY.PDF', good);
  const root = write([
    ...below('personne-1', files),
    ['personne-x/METADATA.XML', Buffer.from('<!DOCTYPE a><a/>')],
    ['personne-y/METADATA.XML', Buffer.from('<a/>')],
  ]);
  symlinkSync('/etc/passwd', join(root, 'personne-1', 'LINK.PDF'));
  const { code, counts, reasons } = await run(root);
  const at = 'personne-1/IHE_XDM/SUBSET01';
  expect(reasons).toEqual({
    [`${at}/HASH.PDF`]: expect.stringContaining('SHA-1'),
    [`${at}/TYPE.PNG`]: expect.stringContaining('no PNG'),
    [`${at}/OLDINS.PDF`]: expect.stringContaining('qualified INS'),
    [`${at}/KEY.PDF`]: expect.stringContaining('key of the INS'),
    [`${at}/NOBODY.PDF`]: expect.stringContaining('matches nothing'),
    [`${at}/OTHER.XML`]: expect.stringContaining('another patient'),
    [`${at}/XXE.XML`]: expect.stringContaining('no XML'),
    [`${at}/GONE.PDF`]: expect.stringContaining('not in the archive'),
    [`${at}/STATUS.PDF`]: expect.stringContaining('`Vanished`'),
    [`${at}/WORD.DOC`]: expect.stringContaining('`application/msword` is not taken'),
    [`${at}/IMAGE.DCM`]: expect.stringContaining('no DICOM Key Object Selection'),
    [`${at}/CLASS.PDF`]: expect.stringContaining('the class `42`'),
    [`${at}/METADATA.XML#Document8`]: expect.stringContaining('URI'),
    [`${at}/METADATA.XML#Document9`]: expect.stringContaining('URI'),
    [`${at}/STRAY.PDF`]: expect.stringContaining('no METADATA.XML names it'),
    'personne-1/LINK.PDF': expect.stringContaining('link'),
    'personne-x/METADATA.XML': expect.stringContaining('document type'),
    'personne-y/METADATA.XML': expect.stringContaining('SubmitObjectsRequest'),
  });
  expect([code, counts[2]]).toEqual([1, 18]);
  expect((await documentsOf(1)).total).toBe(2);
}, 60_000);

it('reads a ZIP, and none that would break out or blow up', async () => {
  const who = person(2);
  const entries: ZipEntry[] = below(
    'p',
    media(who, [{ uri: 'A.PDF', uid: '1.2.5.1', mime: 'application/pdf', content: pdf('zip') }]),
  ).map(([name, content]) => ({ name, content }));
  const path = join(folder, 'archive.zip');
  writeFileSync(
    path,
    zipOf([
      ...entries,
      { name: '../../outside.pdf', content: pdf('slip') },
      { name: '/etc/absolute.pdf', content: pdf('slip') },
      { name: 'p/link.pdf', content: Buffer.from('/etc/passwd'), mode: 0o120777 },
      { name: 'p/bomb.pdf', content: Buffer.alloc(10 * 1024 * 1024) },
      { name: 'p/IHE_XDM/SUBSET01/A.PDF', content: pdf('again') },
    ]),
  );
  const { counts, reasons } = await run(path);
  expect(Object.keys(reasons).sort()).toEqual(
    ['../../outside.pdf', '/etc/absolute.pdf', 'p/IHE_XDM/SUBSET01/A.PDF', 'p/bomb.pdf', 'p/link.pdf'].sort(),
  );
  expect(counts).toEqual([2, 0, 5]);
  writeFileSync(
    path,
    zipOf(
      Array.from({ length: 60 }, (_, index) => ({ name: `${index}`, content: Buffer.alloc(1024 * 1024) })),
    ),
  );
  const bomb = await run(path);
  expect([bomb.code, bomb.err]).toEqual([1, expect.stringContaining('it is not read')]);
  writeFileSync(path, 'no ZIP');
  expect((await run(path)).err).toContain('no ZIP that can be read');
}, 60_000);

it('goes on after a kill -9 where it stopped, and stores nothing twice', async () => {
  const who = person(3);
  const [submissions, each] = [24, 5];
  const files = Array.from({ length: submissions }, (_, index) =>
    below(
      `lot-${index}`,
      media(
        who,
        Array.from({ length: each }, (_unused, at) => ({
          uri: `D${at}.PDF`,
          uid: `1.2.6.${index}.${at}`,
          mime: 'application/pdf',
          content: pdf(`${index}.${at}`, 2_000),
        })),
        `1.2.6.${index}`,
      ),
    ),
  ).flat();
  const root = write(files);
  const journal = () => {
    try {
      return readFileSync(join(folder, 'journal'), 'utf8').split('\n').length - 1;
    } catch {
      return 0;
    }
  };
  const kills = [3, 8];
  for (const after of kills) {
    const child = start(root);
    const ended = once(child, 'exit');
    for (const end = Date.now() + 40_000; journal() < after && child.exitCode === null && Date.now() < end;)
      await sleep(5);
    child.kill('SIGKILL');
    await ended;
  }
  expect(journal()).toBeLessThan(submissions);
  const last = await run(root);
  const pieces = submissions * (each + 1);
  expect([last.code, last.counts[0]! + last.counts[1]!, last.counts[2]]).toEqual([0, pieces, 0]);
  expect(last.counts[1]).toBeGreaterThanOrEqual(8 * (each + 1));
  const stored = await documentsOf(3);
  expect(stored.total).toBe(submissions * each);
  // without the journal too
  rmSync(join(folder, 'journal'));
  expect((await run(root)).counts).toEqual([0, pieces, 0]);
  const versions = await all.get('DocumentReference/_history?_count=1000');
  const ours = versions.json.entry.filter(
    ({ resource }: { resource: { subject: { reference: string } } }) =>
      resource.subject.reference === 'Patient/import-3',
  );
  expect(ours).toHaveLength(submissions * each);
}, 240_000);
