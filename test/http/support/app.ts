/** The app with interactions that answer what they were asked: http's own contract, without store and gate. */
import { Writable } from 'node:stream';
import type { Subject } from '../../../src/consent/subject.ts';
import type { ScopedStore } from '../../../src/enforcement/scoped-store.ts';
import { FhirError } from '../../../src/fhir/outcome.ts';
import { createApp, type AppOptions } from '../../../src/http/app.ts';
import { ROUTES, type InteractionName } from '../../../src/http/routes.ts';
import type { Answer, Exchange, Interaction, Trace } from '../../../src/interaction/exchange.ts';
import { createLog } from '../../../src/ops/log.ts';

export const base = 'http://carnet.test/fhir';
export const TYPES = new Set([
  'Patient',
  'Observation',
  'DocumentReference',
  'Binary',
  'Encounter',
  'Bundle',
  'Consent',
  'Device',
  'Practitioner',
  'Organization',
  'Subscription',
]);

export const subject = {
  role: 'professional',
  reference: 'Practitioner/1',
  scopes: [],
} as unknown as Subject;
export const store = { marker: 'store' } as unknown as ScopedStore;

export interface Heard {
  exchanges: Exchange[];
  records: { trace: Trace; result: Answer | FhirError }[];
  scopes: string[];
  log: string[];
}

export type Faked = Partial<Omit<AppOptions, 'interactions'>> & {
  interactions?: Partial<Record<InteractionName, Interaction>>;
};

/** Unless faked, an interaction answers 200 with a resource that tells what it was given. */
export function fakeApp({ interactions = {}, ...faked }: Faked = {}) {
  const heard: Heard = { exchanges: [], records: [], scopes: [], log: [] };
  const listen =
    (name: InteractionName): Interaction =>
    async (exchange) => {
      heard.exchanges.push(exchange);
      const answer = interactions[name];
      if (answer) return answer(exchange);
      const { params, query } = exchange;
      return { status: 200, body: { resourceType: 'Basic', interaction: name, params, query } };
    };
  const names = ROUTES.map((route) => route.interaction).filter((name) => name !== 'capabilities');
  const destination = new Writable({
    write(chunk, _encoding, done) {
      heard.log.push(String(chunk));
      done();
    },
  });
  const app = createApp({
    base,
    maxBodyBytes: 200_000,
    types: TYPES,
    knownTypes: new Set([...TYPES, 'Claim']),
    capabilities: Buffer.from('{"resourceType":"CapabilityStatement"}'),
    interactions: Object.fromEntries(names.map((name) => [name, listen(name)])) as Record<
      InteractionName,
      Interaction
    >,
    async authenticate(header) {
      if (header === 'Bearer good') return subject;
      throw new FhirError('login', 'a bearer token is required', {
        headers: { 'www-authenticate': 'Bearer realm="carnet"' },
      });
    },
    checkScope(_subject, type, letter) {
      heard.scopes.push(`${type}.${letter}`);
    },
    open: () => store,
    async record(trace, result) {
      heard.records.push({ trace, result });
    },
    ready: async () => ({ ready: true, checks: { database: 'ok' } }),
    log: createLog({ destination }),
    ...faked,
  });
  return { app, heard };
}
