/**
 * `npm run leak-timing`: can the time of an answer tell what is hidden? 2,000 requests of each kind, half of them about
 * what is hidden, half about what was never there, each pair in an order of chance. Figures go into
 * conformance/bench/timing.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT, explain, measuredOn, median, withServer } from './bench-server.mjs';
import { say } from './prepare.mjs';

const PAIRS = 1000;
const WARM_UP = 100;
const HIDDEN = 200;
const SHOWN = 20;
const GOAL = 10;
const SYSTEM = 'https://secret.example/codes';
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const LARGE = {
  content: [{ attachment: { contentType: 'text/plain', data: 'YWFh'.repeat((7 * 2 ** 20) / 4) } }],
};
const FHIR = { 'content-type': 'application/fhir+json' };
const MASK = {
  system:
    'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument',
  code: 'MASQUE_PS',
};

/** What is asked of the patient with hidden documents, and alike of the one without. */
const KINDS = {
  read: (patient, at) => ({ path: `DocumentReference/${patient}-hidden-${at % HIDDEN}`, status: 404 }),
  'read of something large': (patient) => ({ path: `DocumentReference/${patient}-large`, status: 404 }),
  'instance history': (patient, at) => ({
    path: `DocumentReference/${patient}-hidden-${at % HIDDEN}/_history`,
    status: 404,
  }),
  search: (patient) => ({ path: `DocumentReference?patient=${patient}`, status: 200 }),
  'search sorted': (patient) => ({
    path: `DocumentReference?patient=${patient}&_sort=-date&_count=10`,
    status: 200,
  }),
  'search counted': (patient) => ({
    path: `DocumentReference?patient=${patient}&_summary=count`,
    status: 200,
  }),
  'search of a compartment': (patient) => ({
    path: `Patient/${patient}/DocumentReference?_count=50`,
    status: 200,
  }),
  'search by a code': (patient) => ({
    path: `DocumentReference?patient=${patient}&type=http://loinc.org|34112-3`,
    status: 200,
  }),
  _has: (patient) => ({
    path: `Patient?_id=${patient}&_has:DocumentReference:patient:description=secret`,
    status: 200,
  }),
  'conditional create': (patient) => ({
    path: 'DocumentReference',
    method: 'POST',
    headers: { ...FHIR, 'if-none-exist': `patient=${patient}&identifier=${SYSTEM}|hidden` },
    body: JSON.stringify(document(undefined, patient, { description: 'made by who asks' })),
    status: 201,
  }),
};

explain(`usage: npm run leak-timing
Measures whether what is hidden shows in the time of an answer, and writes the figures into conformance/bench/timing.md.`);

await withServer(async ({ base, callers, machine }) => {
  await fill(base, callers.all.token);
  const figures = [];
  for (const [name, asking] of Object.entries(KINDS)) {
    say(`${name} …`);
    figures.push({ name, ...(await compared(base, callers.emergency.token, asking)) });
  }
  mkdirSync(OUT, { recursive: true });
  const record = { machine: machine(), pairs: PAIRS, hidden: HIDDEN, shown: SHOWN, goal: GOAL, figures };
  writeFileSync(join(OUT, 'timing.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(OUT, 'timing.md'), report(record));
  say(`figures in ${join('conformance', 'bench', 'timing.md')}`);
});

/** Two patients who let a physician read 20 documents each; of one there are 200 more, masked. */
async function fill(base, token) {
  for (const patient of ['t-full', 't-none']) {
    const resources = [
      { resourceType: 'Patient', id: patient, birthDate: '1980-02-03' },
      permit(patient),
      ...Array.from({ length: SHOWN }, (_, at) =>
        document(`${patient}-shown-${at}`, patient, { date: day(at) }),
      ),
    ];
    if (patient === 't-full') {
      for (let at = 0; at < HIDDEN; at += 1) resources.push(masked(`${patient}-hidden-${at}`, patient, at));
      resources.push({ ...masked(`${patient}-large`, patient, 0), ...LARGE });
    }
    const entry = resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }));
    const body = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry });
    await ask(base, token, { path: '', method: 'POST', headers: FHIR, body, status: 200 });
  }
}

async function compared(base, token, asking) {
  const times = { 't-full': [], 't-none': [] };
  for (let at = -WARM_UP; at < PAIRS; at += 1) {
    const pair = Math.random() < 0.5 ? ['t-full', 't-none'] : ['t-none', 't-full'];
    for (const patient of pair) {
      const took = await ask(base, token, asking(patient, Math.abs(at)));
      if (at >= 0) times[patient].push(took);
    }
  }
  const [hidden, absent] = [median(times['t-full']), median(times['t-none'])];
  return { hidden, absent, differs: (hidden / absent - 1) * 100 };
}

/** @returns milliseconds until the whole answer is there */
async function ask(base, token, { path, status, headers, ...request }) {
  const address = path === '' ? base : `${base}/${path}`;
  const start = performance.now();
  const response = await fetch(address, {
    ...request,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  const text = await response.text();
  const took = performance.now() - start;
  if (response.status !== status) throw new Error(`${path}: ${response.status} ${text}`);
  return took;
}

function report({ machine, pairs, hidden, shown, goal, figures }) {
  const rows = figures.map(
    ({ name, hidden: with_, absent, differs }) =>
      `| ${name} | ${with_.toFixed(2)} | ${absent.toFixed(2)} | ${differs >= 0 ? '+' : ''}${differs.toFixed(1)} % | ` +
      `${Math.abs(differs) < goal ? 'yes' : 'no'} |`,
  );
  return [
    '# What time tells',
    '',
    `Medians in milliseconds of ${2 * pairs} requests of each kind, one after the other, half of them about what is hidden and`,
    `half about what was never there, each pair in an order of chance. Two patients have ${shown} documents that the`,
    `caller, a physician, is given; one has ${hidden} more, masked. Goal: medians that differ by less than ${goal} %.`,
    'Repeat it by `npm run leak-timing`.',
    '',
    measuredOn(machine),
    '',
    '| request | hidden | absent | differs | met |',
    '| --- | ---: | ---: | ---: | --- |',
    ...rows,
    '',
  ].join('\n');
}

function permit(patient) {
  return {
    resourceType: 'Consent',
    id: `${patient}-permit`,
    status: 'active',
    scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/${patient}` },
    policy: [{ uri: 'https://policy.example/1' }],
    provision: {
      type: 'permit',
      actor: [
        {
          role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
          reference: { reference: 'Practitioner/demo-emergency' },
        },
      ],
    },
  };
}

function document(id, patient, more) {
  return {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] },
    subject: { reference: `Patient/${patient}` },
    content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
    ...more,
  };
}

function masked(id, patient, at) {
  return document(id, patient, {
    date: day(at),
    description: 'secret',
    identifier: [{ system: SYSTEM, value: 'hidden' }],
    meta: { security: [MASK] },
  });
}

function day(at) {
  const [month, date] = [1 + (at % 12), 1 + (at % 28)].map((number) => String(number).padStart(2, '0'));
  return `2024-${month}-${date}T08:00:00Z`;
}
