/**
 * `npm run bench:documents`: what documents cost. On data like fhirload's, with the gate, audit and sealing on: ITI-65
 * with one PDF of 100 KB, ITI-67 of 20 documents, a Binary of 100 KB; and how fast an archive is imported. Figures go
 * into conformance/bench/documents.md.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { measureImport } from './bench-import.mjs';
import { OUT, explain, spent, withServer } from './bench-server.mjs';
import { say } from './prepare.mjs';

/** Tells whether it works, and writes no figures. */
const IS_QUICK = process.argv.includes('--quick');
/** Prints what importing costs, and nothing else. */
const IS_IMPORT = process.argv.includes('--import');
const PATIENTS = IS_QUICK ? 5 : 200;
const SCALE = ['--patients', String(PATIENTS), '--docs', '40', '--concurrency', '16'];
const CONNECTIONS = 16;
const WARM_SECONDS = IS_QUICK ? 0.2 : 3;
const SECONDS = IS_QUICK ? 1 : 10;
const ROUNDS = IS_QUICK ? 1 : 3;
const BYTES = 100_000;
const SHOWN = 20;
/** Of the archive. */
const PEOPLE = IS_QUICK ? 4 : 40;
const DOCUMENTS = IS_QUICK ? 20 : 100;
const IMPORT_GOAL = 300;
const MHD = 'https://profiles.ihe.net/ITI/MHD';
const URIS = 'urn:ietf:rfc:3986';

explain(`usage: npm run bench:documents [-- --quick]
Measures a server of its own and writes the figures into conformance/bench/documents.md. FHIRLOAD names the path of fhirload.mjs.
  --quick   tells whether it works: few data, a second each, prints the figures and writes none
  --import  imports an archive and prints how fast, nothing else`);

await withServer(async ({ base, callers, load, machine, pids }) => {
  if (IS_IMPORT) {
    process.stdout.write(`${importLine(await measureImport({ base, callers, pids }, PEOPLE, DOCUMENTS))}\n`);
    return;
  }
  await load(callers.loader.token, [...SCALE, '--load-only']);
  const send = sender(base, callers.loader.token);
  const patients = await patientIds(sender(base, callers.all.token));
  const any = () => patients[Math.floor(Math.random() * patients.length)];
  const contents = await deposited(send, patients);
  const measures = [
    {
      what: 'ITI-65 with one PDF of 100 KB',
      goal: 8,
      ask: async () => made(await send('POST', '', provided(any()))),
    },
    {
      what: `ITI-67 of ${SHOWN} documents, newest first`,
      goal: 3,
      ask: async () =>
        found(
          await send('GET', `DocumentReference?patient=${any()}&status=current&_sort=-date&_count=${SHOWN}`),
        ),
    },
    {
      what: 'ITI-68, a Binary of 100 KB',
      goal: 1.5,
      ask: async () =>
        read(
          await send(
            'GET',
            contents[Math.floor(Math.random() * contents.length)],
            undefined,
            'application/pdf',
          ),
        ),
    },
  ];
  const figures = [];
  for (const measure of measures) {
    say(`${measure.what} …`);
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measured(pids, measure.ask));
    figures.push({ what: measure.what, goal: measure.goal, rounds, ...median(rounds) });
  }
  say('an archive …');
  const archive = await measureImport({ base, callers, pids }, PEOPLE, DOCUMENTS);
  const record = {
    archive,
    machine: machine(),
    patients: patients.length,
    connections: CONNECTIONS,
    figures,
  };
  if (IS_QUICK) {
    process.stdout.write(report(record));
    return;
  }
  mkdirSync(OUT, { recursive: true });
  writeFileSync(join(OUT, 'documents.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(OUT, 'documents.md'), report(record));
  say(`figures in ${join('conformance', 'bench', 'documents.md')}`);
});

/** All connections ask one request after the other. */
async function measured(pids, ask) {
  await during(WARM_SECONDS, ask);
  const before = spent(pids);
  const latencies = await during(SECONDS, ask);
  const cpu = (spent(pids) - before) / latencies.length;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor(latencies.length * share)];
  return { cpu, perSecond: latencies.length / SECONDS, p50: at(0.5), p99: at(0.99) };
}

async function during(seconds, ask) {
  const end = performance.now() + seconds * 1000;
  const latencies = [];
  const worker = async () => {
    while (performance.now() < end) {
      const start = performance.now();
      await ask();
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  return latencies;
}

/** A document of 100 KB for each of some patients. @returns where their contents are */
async function deposited(send, patients) {
  const contents = [];
  for (const patient of patients.slice(0, 100)) {
    const { entry } = JSON.parse((await send('POST', '', provided(patient))).toString());
    contents.push(/Binary\/[A-Za-z0-9\-.]+/.exec(entry[2].response.location)[0]);
  }
  return contents;
}

function provided(patient) {
  const [start, end] = [Buffer.from('%PDF-1.7\n'), Buffer.from('\n%%EOF\n')];
  const pdf = Buffer.concat([start, randomBytes(BYTES - start.length - end.length), end]);
  const [document, content] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`];
  const subject = { reference: `Patient/${patient}` };
  const entry = (resource, fullUrl) => ({
    fullUrl,
    resource,
    request: { method: 'POST', url: resource.resourceType },
  });
  const now = new Date().toISOString();
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry(
        {
          resourceType: 'List',
          identifier: [{ use: 'usual', system: URIS, value: oid() }],
          status: 'current',
          mode: 'working',
          code: { coding: [{ system: `${MHD}/CodeSystem/MHDlistTypes`, code: 'submissionset' }] },
          subject,
          date: now,
          source: { reference: 'Device/bench' },
          entry: [{ item: { reference: document } }],
        },
        `urn:uuid:${randomUUID()}`,
      ),
      entry(
        {
          resourceType: 'DocumentReference',
          masterIdentifier: { system: URIS, value: oid() },
          status: 'current',
          type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] },
          subject,
          date: now,
          author: [{ reference: 'Organization/demo-hospital' }],
          content: [
            {
              attachment: {
                contentType: 'application/pdf',
                url: content,
                size: pdf.length,
                hash: createHash('sha1').update(pdf).digest('base64'),
                title: 'Compte rendu',
              },
            },
          ],
          context: { period: { start: now } },
        },
        document,
      ),
      entry(
        { resourceType: 'Binary', contentType: 'application/pdf', data: pdf.toString('base64') },
        content,
      ),
    ],
  };
}

function oid() {
  return `urn:oid:2.25.${BigInt(`0x${randomUUID().replaceAll('-', '')}`)}`;
}

function made(bytes) {
  const { entry } = JSON.parse(bytes.toString());
  if (entry?.length !== 3 || entry.some(({ response }) => response.status !== '201 Created'))
    throw new Error('wrong answer: a Bundle');
}

function found(bytes) {
  const { entry = [] } = JSON.parse(bytes.toString());
  if (entry.length !== SHOWN) throw new Error(`wrong answer: ${entry.length} documents`);
}

function read(bytes) {
  if (bytes.length !== BYTES) throw new Error(`wrong answer: ${bytes.length} bytes`);
}

async function patientIds(send) {
  const { entry } = JSON.parse((await send('GET', 'Patient?_count=1000&_elements=id')).toString());
  return entry.map(({ resource }) => resource.id).filter((id) => id.startsWith('b-'));
}

function sender(base, token) {
  const dispatcher = new Agent({ connections: CONNECTIONS });
  return async (method, path, body, accept = 'application/fhir+json') => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json', accept };
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await request(`${base}/${path}`.replace(/\/$/, ''), {
      method,
      headers,
      dispatcher,
      ...content,
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode >= 300)
      throw new Error(`${method} ${path}: ${answer.statusCode} ${bytes.toString().slice(0, 500)}`);
    return bytes;
  };
}

function median(rounds) {
  return [...rounds].sort((a, b) => a.cpu - b.cpu)[Math.floor(rounds.length / 2)];
}

function importLine({ documents, seconds, perSecond, cpu, own }) {
  return (
    `${documents} documents of 50 KB imported in ${seconds.toFixed(1)} s: ${perSecond.toFixed(0)} a second (goal: ${IMPORT_GOAL}), ` +
    `${cpu.toFixed(2)} CPU ms each of server and database, ${own.toFixed(2)} of the import itself.`
  );
}

function report({ archive, machine, patients, connections, figures }) {
  return [
    '# What documents cost',
    '',
    'CPU milliseconds a request, server and database together, with the gate, the audit record and sealing on, by the',
    `caller that deposits them; ${patients} patients with 40 documents each, ${connections} connections, ${SECONDS} s, the median of ${ROUNDS} rounds.`,
    'Repeat it by `npm run bench:documents`.',
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}; Node ${machine.node}, ` +
      `MongoDB ${machine.mongod}; commit ${machine.commit}, ${machine.date}.`,
    '',
    '| what | CPU ms | goal | met | requests/s | p50 ms | p99 ms |',
    '| --- | ---: | ---: | --- | ---: | ---: | ---: |',
    ...figures.map(
      ({ what, cpu, goal, perSecond, p50, p99 }) =>
        `| ${what} | ${cpu.toFixed(2)} | ${goal} | ${cpu <= goal ? 'yes' : 'no'} | ${perSecond.toFixed(0)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} |`,
    ),
    '',
    `\`npm run import\`: ${importLine(archive)} \`npm run bench:documents -- --import\` measures that alone.`,
    '',
  ].join('\n');
}
