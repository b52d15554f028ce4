/** Small resources, Bundles and answers for the tests of interactions. */
import type { Json, Resource } from '../../../src/fhir/resource.ts';
import type { Client, Reply } from '../../support/server.ts';

export const PATIENT = 'Patient/p1';
const SYSTEM = 'https://carnet.test/ids';

export const patient = (more: Json = {}): Resource => ({
  resourceType: 'Patient',
  name: [{ family: 'Martin' }],
  ...more,
});

export const observation = (more: Json = {}): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8310-5' }] },
  subject: { reference: PATIENT },
  ...more,
});

export const document = (more: Json = {}): Resource => ({
  resourceType: 'DocumentReference',
  status: 'current',
  subject: { reference: PATIENT },
  content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
  ...more,
});

/** `identifier: [named('a')]` is found by `byName('a')`. */
export const named = (value: string): Json => ({ system: SYSTEM, value });
export const byName = (value: string): string => `identifier=${SYSTEM}|${value}`;

export const bundle = (type: 'batch' | 'transaction', ...entry: Json[]): Resource => ({
  resourceType: 'Bundle',
  type,
  entry,
});

export const post = (resource: Resource, fullUrl?: string, request: Json = {}): Json => ({
  ...(fullUrl === undefined ? {} : { fullUrl }),
  resource,
  request: { method: 'POST', url: resource.resourceType, ...request },
});

export const put = (resource: Resource, request: Json = {}): Json => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...request },
});

export const only = (method: string, url: string, request: Json = {}): Json => ({
  request: { method, url, ...request },
});

export const headersOf = ({ headers }: Reply, ...names: string[]): (string | null)[] =>
  names.map((name) => headers.get(name));

/** What an error says: status, code of its first issue. */
export const errorOf = ({ status, json }: Reply): [number, string | undefined] => [
  status,
  json?.resourceType === 'OperationOutcome' ? json.issue[0].code : undefined,
];

/** The answers of a Bundle's entries, shortened. */
export const statuses = ({ json }: Reply): string[] =>
  (json.entry ?? []).map(({ response }: { response: { status: string } }) => response.status.slice(0, 3));

/** Every page from the first to the one without a next link. */
export async function pages(client: Client, path: string): Promise<Reply[]> {
  const all: Reply[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const page = await client.get(next);
    if (page.status !== 200) throw new Error(`${page.status} ${page.text}`);
    all.push(page);
    next = page.json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
  }
  return all;
}

export const atOnce = <T>(times: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => work(index)));
