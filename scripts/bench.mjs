/**
 * `npm run bench [-- fhirload's arguments]`: measures a server of its own, with gate, audit and sealing on, by the
 * caller that deposits the load, and writes the figures with the machine's into conformance/bench/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { report } from './bench-report.mjs';
import { OUT, explain, withServer } from './bench-server.mjs';
import { say } from './prepare.mjs';

const SETTINGS = ['--patients', '200', '--docs', '40', '--concurrency', '16'];

explain(`usage: npm run bench [-- arguments of fhirload]
Measures a server of its own and writes the figures into conformance/bench/.
  --patients N      patients of the load (200)
  --docs N          documents of each (40)
  --concurrency N   requests under way at once (16)
FHIRLOAD names the path of fhirload.mjs.`);

await withServer(async ({ callers, load, machine }) => {
  const result = await load(callers.loader.token, [...SETTINGS, ...process.argv.slice(2)]);
  mkdirSync(OUT, { recursive: true });
  const record = { machine: machine(), ...result };
  writeFileSync(join(OUT, 'core.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(OUT, 'core.md'), report(record));
  say(`figures in ${join('conformance', 'bench', 'core.md')}`);
  process.exitCode = isRight(result) ? 0 : 1;
});

function isRight({ ingest, ops, freshness }) {
  const faults = [ingest, ...Object.values(ops)].reduce(
    (sum, op) => sum + (op?.errors ?? 0) + (op?.wrong ?? 0),
    0,
  );
  const stale =
    (freshness?.stale_after_create ?? 0) + (freshness?.stale_after_delete ?? 0) + (freshness?.errors ?? 0);
  return faults + stale === 0;
}
