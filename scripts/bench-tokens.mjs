/**
 * `npm run bench:tokens`: what a token of backend services costs, and what the check of our own tokens adds to a request.
 * The check: the same request by the same system, with a token of ours and with a JSON Web Token that is remembered, in
 * turn: a read by id, a search that names its patient, and a deposit. Figures go into conformance/bench/tokens.md.
 */
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { OUT, measuredOn, median, spent, withServer } from './bench-server.mjs';
import { say } from './prepare.mjs';

const CALLERS = 16;
/** Short and many: what else the machine does falls into both ways alike. */
const ROUNDS = 17;
/** Of requests of one kind, in each round and way. */
const SECONDS = 1.2;
const PATIENT = 'demo-mother';
const TOKENS = 80;
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Milliseconds of CPU, server and database together. */
const GOALS = { token: 10, check: 0.1 };

if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
  process.stdout.write(`usage: npm run bench:tokens
Measures what a token of backend services and the check of a token cost, in less than four minutes, and writes the figures
into conformance/bench/tokens.md.\n`);
  process.exit(0);
}
// what is measured is the work, not the bounds
process.env.AUTH_RATES = 'address=1000000,client=1000000,account=1000,requests=9999999';

await withServer(async ({ base, callers, clients, pids, machine }) => {
  const issuer = new URL('/oauth', base).href;
  const { token: jwt } = callers.hospital;
  const asked = await requestsOf(base, jwt);
  const token = async () => (await tokens(issuer, clients.backend, 1))[0];
  await tokens(issuer, clients.backend, TOKENS);
  for (const each of asked) for (const bearer of [await token(), jwt]) await answers(each, bearer, 2);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    say(`round ${round + 1} of ${ROUNDS} …`);
    const made = await measured(pids, () =>
      tokens(issuer, clients.backend, TOKENS).then(({ length }) => length),
    );
    const ways = { ours: await token(), jwt };
    const found = {};
    for (const each of asked) {
      found[each.name] = {};
      // who was first is second in the next round
      for (const way of round % 2 === 0 ? ['ours', 'jwt'] : ['jwt', 'ours'])
        found[each.name][way] = await measured(pids, () => answers(each, ways[way], SECONDS));
    }
    rounds.push({ token: made, ...found });
  }
  mkdirSync(OUT, { recursive: true });
  const record = {
    machine: machine(),
    callers: CALLERS,
    seconds: SECONDS,
    tokens: TOKENS,
    kinds: asked.map(({ name, is }) => ({ name, is })),
    rounds,
    goals: GOALS,
  };
  writeFileSync(join(OUT, 'tokens.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(OUT, 'tokens.md'), report(record));
  say(`figures in ${join('conformance', 'bench', 'tokens.md')}`);
});

/** @returns milliseconds of CPU for each of what `work` counts */
async function measured(pids, work) {
  const before = spent(pids);
  const count = await work();
  return (spent(pids) - before) / count;
}

/** What is asked: by its name in the records, and as the report calls it. */
async function requestsOf(base, bearer) {
  const search = `${base}/DocumentReference?patient=${PATIENT}&_count=1&_total=none`;
  const found = await fetch(search, { headers: { authorization: `Bearer ${bearer}` } });
  const id = (await found.json()).entry?.[0]?.resource.id;
  if (id === undefined) throw new Error('the hospital has deposited nothing');
  const body = JSON.stringify({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
    subject: { reference: `Patient/${PATIENT}` },
    effectiveDateTime: '2026-01-01',
    valueQuantity: { value: 160, unit: 'cm', system: 'http://unitsofmeasure.org', code: 'cm' },
  });
  return [
    { name: 'read', is: 'a read', method: 'GET', url: `${base}/DocumentReference/${id}`, status: 200 },
    { name: 'search', is: 'a search', method: 'GET', url: search, status: 200 },
    { name: 'create', is: 'a deposit', method: 'POST', url: `${base}/Observation`, status: 201, body },
  ];
}

/** Four at once, as several systems ask. The assertions are signed before. */
async function tokens(issuer, { id, jwk }, count) {
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const waiting = Array.from({ length: count }, () => assertion(key, jwk.kid, id, `${issuer}/token`));
  const found = [];
  await together(4, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'system/*.cruds',
        client_assertion_type: TYPE,
        client_assertion: next,
      });
      const response = await fetch(`${issuer}/token`, { method: 'POST', body });
      const json = await response.json();
      if (json.access_token === undefined) throw new Error(`no token: ${JSON.stringify(json)}`);
      found.push(json.access_token);
    }
  });
  return found;
}

function assertion(key, kid, client, aud) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: client, sub: client, aud, iat: now, exp: now + 240, jti: randomUUID() };
  const text = [{ alg: 'ES384', kid, typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha384', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** @returns how many were answered */
async function answers({ is, method, url, status: wanted, body }, bearer, seconds) {
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const type = body === undefined ? {} : { 'content-type': 'application/fhir+json' };
  const headers = { authorization: `Bearer ${bearer}`, ...type };
  const end = Date.now() + seconds * 1000;
  let count = 0;
  await together(CALLERS, async () => {
    while (Date.now() < end) {
      const status = await statusOf(url, { agent, headers, method }, body);
      if (status !== wanted) throw new Error(`${is} answered ${status}`);
      count += 1;
    }
  });
  agent.destroy();
  return count;
}

function statusOf(url, options, body) {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    })
      .once('error', reject)
      .end(body);
  });
}

function together(count, work) {
  return Promise.all(Array.from({ length: count }, work));
}

function report({ machine, callers, seconds, tokens: each, kinds, rounds, goals }) {
  const token = median(rounds.map((round) => round.token));
  const checks = kinds.map(({ name, is }) => ({
    is,
    ours: median(rounds.map((round) => round[name].ours)),
    jwt: median(rounds.map((round) => round[name].jwt)),
    check: median(rounds.map((round) => round[name].ours - round[name].jwt)),
  }));
  const met = (cost, goal) => `${goal} | ${cost <= goal ? 'yes' : 'no'}`;
  return [
    '# What tokens cost',
    '',
    'Milliseconds of CPU, server and database together. A token of backend services: the assertion checked (ES384), its `jti`',
    `used up, the token stored; ${each} in each round, four at once. The check: a read of what the system deposited, a search`,
    `of one such by its patient, and a deposit of an Observation, ${callers} at once, with a token of ours and with a`,
    `remembered JSON Web Token in turn, ${seconds} s each. Medians of ${rounds.length} rounds; of the check that of the`,
    'differences. Repeat it by `npm run bench:tokens`.',
    '',
    measuredOn(machine),
    '',
    '| what | cost | goal | met |',
    '| --- | ---: | ---: | --- |',
    `| a token of backend services | ${token.toFixed(2)} | ${met(token, goals.token)} |`,
    ...checks.map(
      ({ is, check }) => `| the check of a token: ${is} | ${check.toFixed(3)} | ${met(check, goals.check)} |`,
    ),
    '',
    ...checks.map(
      ({ is, ours, jwt }) =>
        `${upper(is)} by a token of ours ${ours.toFixed(3)}, by a JSON Web Token ${jwt.toFixed(3)}.`,
    ),
    '',
  ].join('\n');
}

function upper(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}`;
}
