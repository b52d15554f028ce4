/**
 * `npm run bench:consent`: what consent costs. The same requests on the same data in one run, by a caller whom no
 * rule is asked of (the demo's `all`), by the general practitioner and by another physician, with 10 and with 1,000
 * Consents for each patient. Figures go into conformance/bench/consent.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT, explain, withServer } from './bench-server.mjs';
import { say } from './prepare.mjs';

const PATIENTS = 20;
const SCALE = ['--patients', String(PATIENTS), '--docs', '40', '--concurrency', '16'];
const ROUNDS = 5;
const STEPS = [
  { consents: 10, goal: 15 },
  { consents: 1000, goal: 30 },
];
const WHO = ['all', 'gp', 'emergency'];
const NAMES = { gp: 'general practitioner', emergency: 'another physician' };
const OPERATIONS = { read: 'read', search_sorted: 'search sorted' };
const BATCH = 250;
const HL7 = 'http://terminology.hl7.org/CodeSystem';

explain(`usage: npm run bench:consent
Measures the gate's cost and writes the figures into conformance/bench/consent.md. FHIRLOAD names the path of fhirload.mjs.`);

await withServer(async ({ base, callers, load, machine }) => {
  await load(callers.loader.token, [...SCALE, '--load-only']);
  const post = sender(base, callers.all.token);
  const patients = await patientIds(post);
  await nameDoctor(post, patients);
  const figures = [];
  let had = 0;
  for (const { consents, goal } of STEPS) {
    say(`${consents} Consents for each of ${patients.length} patients …`);
    await state(post, patients, had, consents);
    had = consents;
    figures.push(...(await measured(load, callers, consents, goal)));
  }
  mkdirSync(OUT, { recursive: true });
  const record = { machine: machine(), rounds: ROUNDS, patients: patients.length, figures };
  writeFileSync(join(OUT, 'consent.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(OUT, 'consent.md'), report(record));
  say(`figures in ${join('conformance', 'bench', 'consent.md')}`);
});

async function measured(load, callers, consents, goal) {
  const samples = Object.fromEntries(WHO.map((who) => [who, { read: [], search_sorted: [] }]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const who of WHO) {
      const settings = ['--skip-load', '--only', 'read,search_sorted', '--seconds', '4', '--warmup', '1'];
      const { ops } = await load(callers[who].token, [...SCALE, ...settings]);
      for (const name of Object.keys(OPERATIONS)) {
        const { server_cpu_ms_per_request: cpu, errors, wrong } = ops[name];
        if (errors > 0 || wrong > 0) throw new Error(`wrong answers: ${name} as ${who}`);
        samples[who][name].push(cpu);
      }
    }
  }
  const rows = [];
  for (const name of Object.keys(OPERATIONS)) {
    const without = median(samples.all[name]);
    for (const who of Object.keys(NAMES)) {
      const cpu = median(samples[who][name]);
      rows.push({
        consents,
        operation: name,
        who,
        without,
        with: cpu,
        cost: (cpu / without - 1) * 100,
        goal,
      });
    }
  }
  return rows;
}

function report({ machine, rounds, patients, figures }) {
  const rows = figures.map(
    ({ consents, operation, who, without, with: cpu, cost, goal }) =>
      `| ${consents} | ${OPERATIONS[operation]} | ${NAMES[who]} | ${without.toFixed(2)} | ${cpu.toFixed(2)} | ` +
      `${cost >= 0 ? '+' : ''}${cost.toFixed(0)} % | ${goal} % | ${cost <= goal ? 'yes' : 'no'} |`,
  );
  return [
    '# What consent costs',
    '',
    'CPU milliseconds a request, server and database together, with audit and sealing on. *Without*: a caller whom no',
    `rule is asked of, sending the same requests to the same data in the same run. The median of ${rounds} rounds;`,
    `${patients} patients with 40 documents each, 16 connections. Repeat it by \`npm run bench:consent\`.`,
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.kernel}; Node ${machine.node}, ` +
      `MongoDB ${machine.mongod}; commit ${machine.commit}, ${machine.date}.`,
    '',
    '| Consents a patient | operation | as | without | with | cost | goal | met |',
    '| ---: | --- | --- | ---: | ---: | ---: | ---: | --- |',
    ...rows,
    '',
  ].join('\n');
}

/** Who the Consents name: the two who read, others, everybody for what is labelled, and some that are over. */
async function state(post, patients, from, to) {
  const all = patients.flatMap((patient) =>
    Array.from({ length: to - from }, (_, index) => consent(patient, from + index)),
  );
  for (let start = 0; start < all.length; start += BATCH) {
    const entry = all
      .slice(start, start + BATCH)
      .map((resource) => ({ resource, request: { method: 'PUT', url: `Consent/${resource.id}` } }));
    await post('', { resourceType: 'Bundle', type: 'transaction', entry });
  }
}

function consent(patient, index) {
  const actor = (reference) => [
    { role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] }, reference: { reference } },
  ];
  const kinds = [
    { type: 'permit', actor: actor('Practitioner/demo-gp'), purpose: treat() },
    { type: 'permit', actor: actor('Practitioner/demo-emergency'), purpose: treat() },
    { type: 'deny', securityLabel: [{ system: `${HL7}/v3-ActCode`, code: 'PSY' }] },
    { type: 'deny', code: [{ coding: [{ system: 'http://loinc.org', code: '00000-0' }] }] },
  ];
  const others = [
    { type: 'permit', actor: actor(`Practitioner/other-${index}`), purpose: treat() },
    { type: 'deny', actor: actor(`Practitioner/other-${index}`) },
    {
      type: 'permit',
      actor: actor(`Organization/other-${index}`),
      class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Immunization' }],
    },
    { type: 'permit', period: { end: '2020-01-01' }, actor: actor(`Practitioner/other-${index}`) },
  ];
  return {
    resourceType: 'Consent',
    id: `b-consent-${patient}-${index}`,
    status: 'active',
    scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/${patient}` },
    policy: [{ uri: 'https://profiles.ihe.net/ITI/PCF/Policy-basic-normal' }],
    provision: kinds[index] ?? others[index % others.length],
  };
}

function treat() {
  return [{ system: `${HL7}/v3-ActReason`, code: 'TREAT' }];
}

async function nameDoctor(post, patients) {
  const patch = [{ op: 'add', path: '/generalPractitioner', value: [{ reference: 'Practitioner/demo-gp' }] }];
  for (const id of patients) await post(`Patient/${id}`, patch, 'PATCH', 'application/json-patch+json');
}

async function patientIds(post) {
  const { entry } = await post('Patient?_count=1000&_elements=id', undefined, 'GET');
  return entry.map(({ resource }) => resource.id).filter((id) => id.startsWith('b-'));
}

function sender(base, token) {
  return async (path, body, method = 'POST', type = 'application/fhir+json') => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type };
    const response = await fetch(`${base}/${path}`, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
