/** How many documents `npm run import` brings in a second: an archive of made-up people, a METADATA.XML for each. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { spent } from './bench-server.mjs';
import { ROOT } from './prepare.mjs';

const BYTES = 50_000;
const INS_OID = '1.2.250.1.213.1.4.10';

/**
 * @param pids of the server and its database
 * @returns documents a second, and CPU milliseconds a document: of server and database, and of the import itself
 */
export async function measureImport({ base, callers, pids }, people, documents) {
  const folder = mkdtempSync(join(os.tmpdir(), 'carnet-archive-'));
  try {
    const { insValue } = await import(pathToFileURL(join(ROOT, 'dist', 'demo', 'identity.js')).href);
    for (let index = 0; index < people; index += 1) {
      const ins = insValue({
        gender: 'female',
        date: '1979-03-05',
        place: '75112',
        order: String(index + 1).padStart(3, '0'),
      });
      await known(base, callers.all.token, `bench-import-${index}`, ins);
      writeMedia(join(folder, 'archive', `person-${index}`), ins, documents);
    }
    const before = spent(pids);
    const started = performance.now();
    const { out, cpu } = await run(
      [join(folder, 'archive'), '--base', base, '--token', callers.loader.token],
      folder,
    );
    const seconds = (performance.now() - started) / 1000;
    const [, stored] = /^(\d+) stored, 0 stored before, 0 rejected/.exec(out) ?? [];
    // a list for each person too
    const wanted = people * (documents + 1);
    if (Number(stored) !== wanted) throw new Error(`wrong import, ${wanted} expected: ${out.slice(0, 2000)}`);
    const count = people * documents;
    return {
      documents: count,
      seconds,
      perSecond: count / seconds,
      cpu: (spent(pids) - before) / count,
      own: cpu / count,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU milliseconds of a child are told by itself, when it ends. */
async function run(options, folder) {
  const told = `process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write('\\ncpu ' + (user + system) / 1000) })`;
  const child = spawn(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(told)}`,
      join(ROOT, 'dist', 'cli', 'import.js'),
      ...options,
    ],
    { env: { PATH: process.env.PATH, DATA_DIR: folder, HOME: folder }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [out, err] = ['', ''];
  child.stdout.on('data', (text) => (out += text));
  child.stderr.on('data', (text) => (err += text));
  await once(child, 'close');
  return { out: out || err, cpu: Number(/cpu ([\d.]+)/.exec(err)?.[1]) };
}

async function known(base, token, id, ins) {
  const patient = {
    resourceType: 'Patient',
    id,
    identifier: [{ use: 'official', system: `urn:oid:${INS_OID}`, value: ins }],
    name: [{ family: 'Essai', given: ['Camille'] }],
  };
  const { ok, status } = await fetch(`${base}/Patient/${id}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify(patient),
  });
  if (!ok) throw new Error(`the patient could not be made: ${status}`);
}

function writeMedia(folder, ins, count) {
  const subset = join(folder, 'IHE_XDM', 'SUBSET01');
  mkdirSync(subset, { recursive: true });
  const documents = Array.from({ length: count }, (_, index) => {
    const [start, end] = [Buffer.from('%PDF-1.7\n'), Buffer.from('\n%%EOF\n')];
    const pdf = Buffer.concat([start, randomBytes(BYTES - start.length - end.length), end]);
    writeFileSync(join(subset, `DOC${index}.PDF`), pdf);
    return { uri: `DOC${index}.PDF`, uid: `1.2.3.${ins.slice(0, 13)}.${index}`, pdf };
  });
  writeFileSync(join(subset, 'METADATA.XML'), metadata(`${ins}^^^&amp;${INS_OID}&amp;ISO^NH`, documents));
}

const slot = (name, value) =>
  `<rim:Slot name="${name}"><rim:ValueList><rim:Value>${value}</rim:Value></rim:ValueList></rim:Slot>`;
const code = (scheme, object, value, system, name) =>
  `<rim:Classification id="${object}-${value}" classificationScheme="urn:uuid:${scheme}" classifiedObject="${object}" nodeRepresentation="${value}">${slot('codingScheme', system)}<rim:Name><rim:LocalizedString value="${name}"/></rim:Name></rim:Classification>`;
const named = (object, scheme, value) =>
  `<rim:ExternalIdentifier id="${object}-${scheme}" registryObject="${object}" identificationScheme="urn:uuid:${scheme}" value="${value}"/>`;

/** ebRIM, as on IHE XDM media. */
function metadata(patient, documents) {
  const author = '899700218896^LAMBERT^Sophie^^^^^^&amp;1.2.250.1.71.4.2.1&amp;ISO^D^^^IDNPS';
  const hospital = 'Centre hospitalier des Essais^^^^^&amp;1.2.250.1.71.4.2.2&amp;ISO^IDNST^^^1750000001';
  const objects = documents.map(({ uri, uid, pdf }, index) => {
    const id = `Document${index}`;
    const day = 1 + (index % 28);
    const date = `202406${String(day).padStart(2, '0')}`;
    return [
      `<rim:ExtrinsicObject id="${id}" mimeType="application/pdf" objectType="urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1" status="urn:oasis:names:tc:ebxml-regrep:StatusType:Approved">`,
      slot('creationTime', `${date}083000`),
      slot('serviceStartTime', date),
      slot('languageCode', 'fr-FR'),
      slot('hash', createHash('sha1').update(pdf).digest('hex')),
      slot('size', String(pdf.length)),
      slot('URI', uri),
      slot('legalAuthenticator', author),
      '<rim:Name><rim:LocalizedString value="Compte rendu"/></rim:Name>',
      `<rim:Classification id="${id}-a" classificationScheme="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d" classifiedObject="${id}" nodeRepresentation="">`,
      slot('authorInstitution', hospital),
      slot('authorPerson', author),
      '</rim:Classification>',
      code('f0306f51-975f-434e-a61c-c59651d33983', id, '34112-3', '2.16.840.1.113883.6.1', 'CR hospitalier'),
      code('41a5887f-8865-4c09-adf7-e362475b143a', id, '10', '1.2.250.1.213.1.1.4.1', 'Compte rendu'),
      code('f4f85eac-e6cb-4883-b524-f2705394840f', id, 'N', '2.16.840.1.113883.5.25', 'Normal'),
      named(id, '58a6f841-87b3-4a3e-92fd-a8ffeff98427', patient),
      named(id, '2e82c1f6-a085-4c72-9da3-8640a32e42ab', uid),
      '</rim:ExtrinsicObject>',
      `<rim:Association id="as-${index}" associationType="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember" sourceObject="Set" targetObject="${id}"/>`,
    ].join('');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<lcm:SubmitObjectsRequest xmlns:lcm="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0" xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"><rim:RegistryObjectList>',
    ...objects,
    `<rim:RegistryPackage id="Set">${slot('submissionTime', '20240612090000')}`,
    '<rim:Classification id="c" classifiedObject="Set" classificationNode="urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"/>',
    named('Set', '6b5aea1a-874d-4603-a4bc-96a0a7b38446', patient),
    named('Set', '96fdda7c-d067-4183-912e-bf5ee74998a8', `${documents[0].uid}.1`),
    '</rim:RegistryPackage></rim:RegistryObjectList></lcm:SubmitObjectsRequest>',
  ].join('\n');
}
