/**
 * `npm run bench:consent`: what consent costs. The same requests on the same data in one run, by a caller whom no
 * rule is asked of (the demo's `all`), by the general practitioner and by another physician, with 10 and with 1,000
 * Consents for each patient. Figures go into conformance/bench/consent.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT, explain, measuredOn, median, spent, withServer } from './bench-server.mjs';
import { say } from './prepare.mjs';

const PATIENTS = 20;
const SCALE = ['--patients', String(PATIENTS), '--docs', '40', '--concurrency', '16'];
const ROUNDS = 6;
const STEPS = [
  { consents: 10, goal: 15 },
  { consents: 1000, goal: 30 },
];
const WHO = ['all', 'gp', 'emergency'];
const NAMES = { gp: 'general practitioner', emergency: 'another physician' };
const OPERATIONS = { read: 'read', search_sorted: 'search sorted' };
const BATCH = 250;
/** Of 5,000 patients, those with a result of today. */
const NEW = 100;
const HL7 = 'http://terminology.hl7.org/CodeSystem';

explain(`usage: npm run bench:consent
Measures the gate's cost and writes the figures into conformance/bench/consent.md. FHIRLOAD names the path of fhirload.mjs.`);

await withServer(async ({ base, callers, load, machine, pids }) => {
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
  say('10,000 Consents of one patient, 5,000 patients of one doctor …');
  const bounds = await bounded({ base, callers, post, pids });
  mkdirSync(OUT, { recursive: true });
  const record = { machine: machine(), rounds: ROUNDS, patients: patients.length, figures, bounds };
  writeFileSync(join(OUT, 'consent.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(OUT, 'consent.md'), report(record));
  say(`figures in ${join('conformance', 'bench', 'consent.md')}`);
});

async function measured(load, callers, consents, goal) {
  const samples = Object.fromEntries(WHO.map((who) => [who, { read: [], search_sorted: [] }]));
  for (let round = 0; round < ROUNDS; round += 1) {
    // each is first in a third of the rounds: a process is slower when it begins
    for (const who of WHO.map((_, index) => WHO[(index + round) % WHO.length])) {
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

/** What grows with the number of Consents, and of patients. */
async function bounded({ base, callers, post, pids }) {
  const gp = sender(base, callers.gp.token);
  const few = await manyConsents(post, 'b-few', 10);
  const many = await manyConsents(post, 'b-many', 10_000);
  const read = (id) => () => gp(`Observation/${id}-value`, undefined, 'GET');
  const search = (id) => () => gp(`Observation?patient=${id}&_sort=-date`, undefined, 'GET');
  const rows = [];
  for (const [what, request] of Object.entries({ read, 'search sorted': search })) {
    const [ten, thousands] = [await cpuOf(pids, request(few), 400), await cpuOf(pids, request(many), 400)];
    rows.push({
      what: `${what} of a patient with 10,000 Consents, against 10`,
      figure: thousands / ten,
      unit: 'times',
      goal: 3,
    });
  }
  const another = consent('b-many', 20_000);
  const first = async () => {
    await post(`Consent/${another.id}`, another, 'PUT');
    await read(many)();
  };
  rows.push({
    what: 'a new Consent among 10,000, and the first read after it',
    figure: await cpuOf(pids, first, 20),
    unit: 'CPU ms',
  });
  const written = await manyPatients(post);
  const since = { date: new Date(Date.now() - 86_400_000).toISOString(), _lastUpdated: written };
  for (const parameter of ['date', '_lastUpdated']) {
    const path = `Observation?${parameter}=ge${since[parameter]}&code=new&_count=100`;
    const found = () => gp(path, undefined, 'GET');
    const { total } = await found();
    if (total !== NEW) throw new Error(`wrong answer: ${total} new of ${NEW}`);
    const figure = await cpuOf(pids, found, 20);
    rows.push({
      what: `my 5,000 patients' new results by \`${parameter}=ge…\``,
      figure,
      unit: 'CPU ms',
      goal: 100,
    });
  }
  return rows;
}

async function manyConsents(post, patient, count) {
  await post(`Patient/${patient}`, { resourceType: 'Patient', id: patient }, 'PUT');
  await post(
    `Observation/${patient}-value`,
    observation(`${patient}-value`, patient, 'x', '2024-01-01'),
    'PUT',
  );
  await state(post, [patient], 0, count);
  return patient;
}

/** Each with an old result; then some with a new one. @returns when the new ones began to be written */
async function manyPatients(post) {
  const names = Array.from({ length: 5000 }, (_, index) => `b-of-gp-${index}`);
  const old = names.flatMap((patient) => [
    { resourceType: 'Patient', id: patient },
    consent(patient, 0),
    observation(`${patient}-old`, patient, 'old', '2020-01-01'),
  ]);
  await put(post, old);
  const since = new Date().toISOString();
  const isNew = (_, index) => index % (names.length / NEW) === 0;
  await put(
    post,
    names.filter(isNew).map((patient) => observation(`${patient}-new`, patient, 'new', since)),
  );
  return since;
}

function observation(id, patient, code, effectiveDateTime) {
  const subject = { reference: `Patient/${patient}` };
  const coding = [{ system: 'http://loinc.org', code }];
  return { resourceType: 'Observation', id, status: 'final', code: { coding }, subject, effectiveDateTime };
}

/** CPU milliseconds of the server's processes for one request, one after the other. */
async function cpuOf(pids, request, times) {
  for (let warm = 0; warm < Math.min(times, 20); warm += 1) await request();
  const before = spent(pids);
  for (let time = 0; time < times; time += 1) await request();
  return (spent(pids) - before) / times;
}

function report({ machine, rounds, patients, figures, bounds }) {
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
    measuredOn(machine),
    '',
    '| Consents a patient | operation | as | without | with | cost | goal | met |',
    '| ---: | --- | --- | ---: | ---: | ---: | ---: | --- |',
    ...rows,
    '',
    '## What grows',
    '',
    'One request after the other, by the general practitioner.',
    '',
    '| what | figure | goal | met |',
    '| --- | ---: | ---: | --- |',
    ...bounds.map(
      ({ what, figure, unit, goal }) =>
        `| ${what} | ${figure.toFixed(1)} ${unit} | ${goal === undefined ? '' : `${goal} ${unit}`} | ` +
        `${goal === undefined ? '' : figure <= goal ? 'yes' : 'no'} |`,
    ),
    '',
  ].join('\n');
}

/** Who the Consents name: the two who read, others, everybody for what is labelled, and some that are over. */
async function state(post, patients, from, to) {
  const all = patients.flatMap((patient) =>
    Array.from({ length: to - from }, (_, index) => consent(patient, from + index)),
  );
  await put(post, all);
}

async function put(post, resources) {
  for (let start = 0; start < resources.length; start += BATCH) {
    const entry = resources.slice(start, start + BATCH).map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }));
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
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(`${base}/${path}`, { method, headers, ...content });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
}
