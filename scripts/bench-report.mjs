/** The figures as a page. HAPI's, Medplum's and the prototype's were measured with the same tool, without consent rules. */

const ROWS = [
  { name: 'read', hapi: 4.3, medplum: 2.1, prototype: '0.8', goal: 0.8, op: 'read' },
  { name: 'vread', hapi: 2.7, medplum: 1.6, prototype: '', goal: 0.8, op: 'vread' },
  {
    name: 'search sorted, 20 of 40 documents (100 KB)',
    hapi: 29.8,
    medplum: 7.0,
    prototype: '4.7',
    goal: 3.0,
    op: 'search_sorted',
  },
  { name: 'search by type', hapi: 11.9, medplum: 3.5, prototype: '', goal: 2.0, op: 'search_type' },
  {
    name: 'search AllergyIntolerance',
    hapi: 8.1,
    medplum: 2.7,
    prototype: '',
    goal: 1.0,
    op: 'search_allergy',
  },
  { name: 'create', hapi: 12.4, medplum: 17, prototype: '2.2 (database)', goal: 4.0, op: 'create' },
  { name: 'update', hapi: 11.4, medplum: 19, prototype: '3.0 (database)', goal: 5.0, op: 'update' },
  {
    name: 'ingest, a resource in a transaction',
    hapi: 6.1,
    medplum: 16,
    prototype: '1.0 (database)',
    goal: 2.0,
    op: 'ingest',
  },
];

/** @param record what fhirload wrote, and `machine` */
export function report({ machine, options, ingest, ops, freshness, memory }) {
  const { cpu, cores, memoryGiB, kernel, node, mongod, commit, date } = machine;
  return `# Core figures

CPU milliseconds a request, server and database together, with the gate, the audit record and sealing on;
${options.patients} patients, ${options.docs} documents each, ${options.concurrency} connections, ${options.seconds} s an operation.

${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}; Node ${node}, MongoDB ${mongod}; commit ${commit}, ${date}.

${table(
  ['', 'HAPI', 'Medplum', 'prototype', 'goal', 'here', 'met'],
  ROWS.map((row) => core(row, ingest, ops)),
)}

HAPI 8.8 on PostgreSQL (warm) and Medplum 5.0 were measured the same way, without any consent rule.

## All operations

${table(['operation', 'requests/s', 'p50 ms', 'p95 ms', 'p99 ms', 'CPU ms', 'errors', 'wrong', 'other cores'], all(ingest, ops))}

${memoryLine(memory)}

${freshnessLine(freshness)}
`;
}

function core({ name, hapi, medplum, prototype, goal, op }, ingest, ops) {
  const here = op === 'ingest' ? ingest?.server_cpu_ms_per_resource : ops[op]?.server_cpu_ms_per_request;
  const met = here === undefined || here === null ? '' : here <= goal ? 'yes' : 'no';
  return [name, hapi, medplum, prototype, goal.toFixed(1), here ?? '', met];
}

function all(ingest, ops) {
  const rows = Object.entries(ops).map(([name, m]) => [
    name,
    m.rps,
    m.p50_ms,
    m.p95_ms,
    m.p99_ms,
    m.server_cpu_ms_per_request,
    m.errors,
    `${m.wrong}/${m.checked}`,
    m.other_cpu_cores,
  ]);
  if (ingest === undefined) return rows;
  const {
    resources_per_s: rate,
    p50_ms,
    p95_ms,
    p99_ms,
    server_cpu_ms_per_resource: cpu,
    errors,
    wrong,
    other_cpu_cores: others,
  } = ingest;
  return [['ingest (resources)', rate, p50_ms, p95_ms, p99_ms, cpu, errors, wrong, others], ...rows];
}

/** The database is the server's child, and so counted in its tree. */
function memoryLine(memory) {
  if (!memory) return '';
  const [server, database] = memory;
  const own = server.processes > 1 ? server.rss_mb - database.rss_mb : server.rss_mb;
  return `Memory after the run: Node ${own.toFixed(0)} MB (peak ${server.peak_rss_of_root_mb.toFixed(0)}; goal: under 400), MongoDB ${database.rss_mb.toFixed(0)} MB.`;
}

function freshnessLine(freshness) {
  if (!freshness) return '';
  const { trials, stale_after_create: created, stale_after_delete: deleted, errors } = freshness;
  return `Freshness: of ${trials} trials, ${created} stale after a create, ${deleted} after a delete, ${errors} errors.`;
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell ?? '')).join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
