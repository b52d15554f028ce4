/** A real endpoint of a subscriber: keeps what it is sent, and may be away, slow or refuse. */
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { hostIn } from '../../../src/subscription/hosts.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import { type TestServer, freePort } from '../../support/server.ts';

export interface Sent {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Endpoint {
  url: string;
  host: ReturnType<typeof hostIn>;
  sent: Sent[];
  status: number;
  location?: string;
  /** Takes what is sent and never answers. */
  silent: boolean;
  /** Answers no sooner. */
  held?: Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function endpoint(): Promise<Endpoint> {
  const port = await freePort();
  let server: Server | undefined;
  const made: Endpoint = {
    url: `http://127.0.0.1:${port}/hook`,
    host: hostIn(`http://127.0.0.1:${port}`),
    sent: [],
    status: 200,
    silent: false,
    async start() {
      server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const { method = '', url: path = '', headers } = request;
          made.sent.push({ method, path, headers, text: Buffer.concat(chunks).toString() });
          if (made.silent) return;
          const location = made.location === undefined ? {} : { location: made.location };
          const answer = (): void => void response.writeHead(made.status, location).end();
          if (made.held === undefined) answer();
          else void made.held.then(answer);
        });
      });
      await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve));
    },
    async stop() {
      server?.closeAllConnections();
      await new Promise<void>((resolve) =>
        server === undefined ? resolve() : server.close(() => resolve()),
      );
      server = undefined;
    },
  };
  await made.start();
  return made;
}

export async function until<T>(what: () => T | Promise<T>, within = 60_000): Promise<NonNullable<T>> {
  const end = Date.now() + within;
  for (;;) {
    const found = await what();
    if (found !== undefined && found !== null && found !== false) return found as NonNullable<T>;
    if (Date.now() > end) throw new Error('it did not come');
    await sleep(20);
  }
}

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';
/** The hospital deposits a document of `n-1`. @returns its id @param carnet asked when there is a server */
export function depositing(carnet: () => TestServer): (text: string) => Promise<string> {
  return async (description) => {
    const { json, status } = await carnet()
      .as('hospital')
      .post('DocumentReference', {
        resourceType: 'DocumentReference',
        status: 'current',
        description,
        subject: { reference: 'Patient/n-1' },
        content: [{ attachment: { contentType: 'text/plain' } }],
      });
    expect(status).toBe(201);
    return json.id;
  };
}

export const TOPIC = 'https://carnet.example/fhir/SubscriptionTopic/document';

export function byCriteria(endpoint: string, criteria: string, channel: object = {}): Resource {
  return {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'to be told',
    criteria,
    channel: { type: 'rest-hook', endpoint, payload: 'application/fhir+json', ...channel },
  };
}

export function byTopic(
  channel: object,
  { content = 'id-only', filter, topic = TOPIC, extension = [] }: Asked = {},
): Resource {
  return {
    resourceType: 'Subscription',
    meta: { profile: [`${BACKPORT}backport-subscription`] },
    status: 'requested',
    reason: 'to be told',
    criteria: topic,
    ...(filter === undefined
      ? {}
      : { _criteria: { extension: [{ url: `${BACKPORT}backport-filter-criteria`, valueString: filter }] } }),
    channel: {
      type: 'rest-hook',
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: `${BACKPORT}backport-payload-content`, valueCode: content }] },
      ...(extension.length === 0
        ? {}
        : {
            extension: extension.map(([name, value]) => ({ url: `${BACKPORT}backport-${name}`, ...value })),
          }),
      ...channel,
    },
  } as unknown as Resource;
}

interface Asked {
  content?: string;
  filter?: string;
  topic?: string;
  extension?: [string, object][];
}

export interface Notice {
  type: string;
  status: string;
  count: number;
  events: { number: number; focus?: string }[];
  resources: Resource[];
}

interface Parameter {
  name: string;
  valueCode?: string;
  valueString?: string;
  valueReference?: { reference: string };
  part?: Parameter[];
}

/** What a notification Bundle says. */
export function read(text: string): Notice {
  const { entry } = JSON.parse(text) as { entry: { resource?: Resource }[] };
  const [status, ...rest] = entry;
  const parameters = status!.resource!.parameter as Parameter[];
  return {
    type: valueOf(parameters, 'type')!,
    status: valueOf(parameters, 'status')!,
    count: Number(valueOf(parameters, 'events-since-subscription-start')),
    events: parameters
      .filter(({ name }) => name === 'notification-event')
      .map(({ part = [] }) => {
        const focus = valueOf(part, 'focus')?.split('/').at(-1);
        return { number: Number(valueOf(part, 'event-number')), ...(focus === undefined ? {} : { focus }) };
      }),
    resources: rest.flatMap(({ resource }) => resource ?? []),
  };
}

function valueOf(parameters: readonly Parameter[], wanted: string): string | undefined {
  const found = parameters.find(({ name }) => name === wanted);
  return found?.valueCode ?? found?.valueString ?? found?.valueReference?.reference;
}
