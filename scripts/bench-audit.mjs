/**
 * `npm run bench:audit`: what traces cost a read. The same reads of the same data, in turn, at a server and at one whose
 * log of traces writes nothing (bench-untraced.mjs). Figures go into conformance/bench/audit.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT, explain, measuredOn, median, withServer } from './bench-server.mjs';
import { ROOT, say } from './prepare.mjs';

const CALLERS = 16;
const SCALE = ['--patients', '50', '--docs', '40', '--concurrency', String(CALLERS)];
const ROUNDS = 7;
const SECONDS = 5;
/** Milliseconds for a read, and of latency at the median. */
const GOALS = { cpu: 0.4, latency: 4 };

explain(`usage: npm run bench:audit
Measures what traces cost a read and writes the figures into conformance/bench/audit.md. FHIRLOAD names the path of fhirload.mjs.`);

await withServer(
  async (untraced) =>
    withServer(async (traced) => {
      const servers = [traced, untraced];
      for (const { load, callers } of servers) await load(callers.loader.token, [...SCALE, '--load-only']);
      const before = await Promise.all(servers.map(traces));
      const rounds = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        say(`round ${round + 1} of ${ROUNDS} …`);
        // who was first is second in the next round
        const order = round % 2 === 0 ? servers : [...servers].reverse();
        const [first, second] = [await reads(order[0]), await reads(order[1])];
        rounds.push(round % 2 === 0 ? [first, second] : [second, first]);
      }
      const after = await Promise.all(servers.map(traces));
      const left = after.map((count, index) => count - before[index]);
      const answered = rounds.reduce((sum, [one]) => sum + one.requests, 0);
      if (left[0] < answered || left[1] !== 0)
        throw new Error(
          `of ${answered} reads there are ${left[0]} traces, and ${left[1]} where none should be`,
        );
      mkdirSync(OUT, { recursive: true });
      const record = { machine: traced.machine(), callers: CALLERS, seconds: SECONDS, rounds, goals: GOALS };
      writeFileSync(join(OUT, 'audit.json'), `${JSON.stringify(record, null, 2)}\n`);
      writeFileSync(join(OUT, 'audit.md'), report(record));
      say(`figures in ${join('conformance', 'bench', 'audit.md')}`);
    }),
  { preload: join(ROOT, 'scripts', 'bench-untraced.mjs') },
);

async function reads({ load, callers }) {
  const settings = ['--skip-load', '--only', 'read', '--seconds', String(SECONDS), '--warmup', '1'];
  const { read } = (await load(callers.loader.token, [...SCALE, ...settings])).ops;
  if (read.errors > 0 || read.wrong > 0) throw new Error('wrong answers');
  return { cpu: read.server_cpu_ms_per_request, p50: read.p50_ms, requests: read.requests };
}

/** How many there are. */
async function traces({ base, callers }) {
  const headers = { authorization: `Bearer ${callers.all.token}` };
  const response = await fetch(`${base}/AuditEvent?_summary=count&_lastUpdated=gt2020`, { headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  // the question itself leaves a trace after it was answered
  return (await response.json()).total;
}

function report({ machine, callers, seconds, rounds, goals }) {
  const of = (name) => [0, 1].map((index) => median(rounds.map((round) => round[index][name])));
  const row = (what, name, goal) => {
    const [traced, untraced] = of(name);
    const cost = traced - untraced;
    return `| ${what} | ${untraced.toFixed(3)} | ${traced.toFixed(3)} | ${cost.toFixed(3)} | ${goal} | ${cost <= goal ? 'yes' : 'no'} |`;
  };
  return [
    '# What traces cost',
    '',
    'Milliseconds of a read, by the caller that deposited what is read. *Without*: a server whose log of traces writes',
    `nothing, with the same data, in the same run. Medians of ${rounds.length} rounds of ${seconds} s at each in turn; ${callers} callers at`,
    'once, server and database together. Repeat it by `npm run bench:audit`.',
    '',
    measuredOn(machine),
    '',
    '| what | without | with | cost | goal | met |',
    '| --- | ---: | ---: | ---: | ---: | --- |',
    row('CPU', 'cpu', goals.cpu),
    row('latency at the median', 'p50', goals.latency),
    '',
  ].join('\n');
}
