/** An app of the catalogue: who publishes it, what it is for, what it reads and adds and why. Pure. */
import { type Client, deviceOf } from '../auth/clients.ts';
import { ADDABLE } from '../consent/adding.ts';
import { FhirError } from '../fhir/outcome.ts';
import { keysIn } from './keys.ts';
import { fieldsOf, httpsIn, listIn, oneOf, textIn, wordsIn } from './reading.ts';

export interface Words {
  fr: string;
  en: string;
}

export const STATES = ['candidate', 'under-review', 'listed', 'suspended', 'delisted'] as const;
export type State = (typeof STATES)[number];

export const CRITERIA = ['security', 'interoperability', 'ethics', 'content'] as const;
export type Criterion = (typeof CRITERIA)[number];
export const VERDICTS = ['met', 'not-met'] as const;

export interface Datum {
  /** A FHIR resource type. */
  type: string;
  access: 'read' | 'add';
  why: Words;
}

/** What its publisher says of it: what is reviewed, and what a change of is reviewed anew. */
export interface Description {
  id: string;
  name: Words;
  publisher: { name: string; country: string; site?: string };
  purpose: Words;
  audience: 'patients' | 'professionals';
  data: Datum[];
  retention: Words;
  hosting: Words;
  /** Why it is told the national identifier; absent: it isn't. */
  ins?: Words;
  client: Pick<Client, 'auth' | 'redirectUris'> & Partial<Pick<Client, 'launchUri' | 'jwks' | 'jwksUri'>>;
}

export interface Review {
  criterion: Criterion;
  verdict: (typeof VERDICTS)[number];
  note: string;
  by: string;
  /** Milliseconds. */
  at: number;
}

export interface Listing extends Description {
  /** Raised by each change. */
  version: number;
  state: State;
  reviews: Review[];
  /** `YYYY-MM-DD`, the last day for which it was reviewed: patients are asked again after it. */
  reviewedUntil?: string;
  /** Each change of state, the last one last. */
  changes: { state: State; by: string[]; at: number; reason?: string }[];
}

const MOST_DATA = 50;
const MOST_URIS = 20;
const AUTHS = ['none', 'client_secret', 'private_key_jwt'] as const;

/** @param types that are served @throws FhirError 400 */
export function descriptionIn(value: unknown, types: ReadonlySet<string>): Description {
  const fields = fieldsOf(value, 'listing', [
    'id',
    'name',
    'publisher',
    'purpose',
    'audience',
    'data',
    'retention',
    'hosting',
    'ins',
    'client',
  ]);
  const id = textIn(fields, 'id', 64);
  if (!/^[a-z][a-z0-9-]{2,63}$/.test(id)) {
    throw new FhirError('value', '`id` is 3 to 64 small letters, digits and hyphens', { expression: 'id' });
  }
  const audience = oneOf(fields, 'audience', ['patients', 'professionals'] as const);
  const data = listIn(fields, 'data', MOST_DATA).map((each) => datumIn(each, types));
  const added = data.find(({ type, access }) => access === 'add' && !ADDABLE.has(type));
  if (audience === 'patients' && added !== undefined) {
    throw new FhirError(
      'value',
      `\`${added.type}\` is not added by apps of patients; allowed: ${[...ADDABLE].join(', ')}`,
      { expression: 'data.type' },
    );
  }
  return {
    id,
    name: wordsIn(fields, 'name', 80),
    publisher: publisherIn(fields['publisher']),
    purpose: wordsIn(fields, 'purpose', 2000),
    audience,
    data,
    retention: wordsIn(fields, 'retention', 1000),
    hosting: wordsIn(fields, 'hosting', 1000),
    ...(fields['ins'] === undefined ? {} : { ins: wordsIn(fields, 'ins', 1000) }),
    client: clientIn(fields['client']),
  };
}

function publisherIn(value: unknown): Description['publisher'] {
  const fields = fieldsOf(value, 'publisher', ['name', 'country', 'site']);
  return {
    name: textIn(fields, 'name', 200),
    country: textIn(fields, 'country', 2),
    ...(fields['site'] === undefined ? {} : { site: httpsIn(fields['site'], 'publisher.site') }),
  };
}

function datumIn(value: unknown, types: ReadonlySet<string>): Datum {
  const fields = fieldsOf(value, 'data', ['type', 'access', 'why']);
  const type = textIn(fields, 'type', 64);
  if (!types.has(type)) {
    throw new FhirError('value', `\`${type}\` is not served here: a resource type is needed`, {
      expression: 'data.type',
    });
  }
  return {
    type,
    access: oneOf(fields, 'access', ['read', 'add'] as const),
    why: wordsIn(fields, 'why', 1000),
  };
}

function clientIn(value: unknown): Description['client'] {
  const fields = fieldsOf(value, 'client', ['auth', 'redirectUris', 'launchUri', 'jwks', 'jwksUri']);
  const auth = oneOf(fields, 'auth', AUTHS);
  const { jwks } = fields;
  const keys = jwks === undefined ? undefined : keysIn(jwks, 'client.jwks', true);
  if ((auth === 'private_key_jwt') !== (jwks !== undefined || fields['jwksUri'] !== undefined)) {
    throw new FhirError(
      'value',
      '`client` has `jwks` or `jwksUri` exactly with `auth` of `private_key_jwt`',
      { expression: 'client' },
    );
  }
  return {
    auth,
    redirectUris: listIn(fields, 'redirectUris', MOST_URIS).map((uri) => redirectIn(uri)),
    ...(fields['launchUri'] === undefined
      ? {}
      : { launchUri: httpsIn(fields['launchUri'], 'client.launchUri') }),
    ...(keys === undefined ? {} : { jwks: keys }),
    ...(fields['jwksUri'] === undefined ? {} : { jwksUri: httpsIn(fields['jwksUri'], 'client.jwksUri') }),
  };
}

/** https, a loopback address (RFC 8252, section 7.3) or an app's own scheme with a dot in it (section 7.1). */
function redirectIn(value: unknown): string {
  const text = typeof value === 'string' && value.length <= 500 ? value : '';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOwn = url !== undefined && url.protocol.includes('.');
  const isLocal = url?.protocol === 'http:' && (url.hostname === '127.0.0.1' || url.hostname === '[::1]');
  if (
    url === undefined ||
    url.hash !== '' ||
    url.username !== '' ||
    !(url.protocol === 'https:' || isLocal || isOwn)
  ) {
    throw new FhirError(
      'value',
      'a redirect address is `https`, a loopback address, or has a scheme of the app’s own',
      {
        expression: 'client.redirectUris',
      },
    );
  }
  return text;
}

/** Its client may ask for what was reviewed, and for nothing more. */
export function clientOf(
  { id, name, publisher, purpose, audience, data, ins, client }: Description,
  secretHash?: string,
): Client {
  const context = audience === 'patients' ? 'patient' : 'user';
  const letters = new Map<string, string>();
  for (const { type, access } of data) {
    letters.set(type, `${letters.get(type) ?? ''}${access === 'read' ? 'rs' : 'cu'}`);
  }
  const inOrder = (given: string): string =>
    'cruds'.replace(/./g, (letter) => (given.includes(letter) ? letter : ''));
  const scopes = [...letters].map(([type, given]) => `${context}/${type}.${inOrder(given)}`);
  return {
    ...client,
    id,
    name: name.fr,
    scope: [
      'openid fhirUser profile launch launch/patient launch/encounter offline_access online_access',
      ...scopes,
    ].join(' '),
    ...(audience === 'patients' ? { device: deviceOf(id) } : {}),
    ...(ins === undefined ? {} : { ins: true }),
    audience,
    about: { publisher: publisher.name, purpose },
    ...(secretHash === undefined ? {} : { secretHash }),
  };
}
