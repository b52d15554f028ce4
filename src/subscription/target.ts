/** Where a Subscription's notifications go: https://hl7.org/fhir/R4/subscription-definitions.html#Subscription.channel */
import { FhirError } from '../fhir/outcome.ts';
import type { Json } from '../fhir/resource.ts';
import { type Host, hostOf, isListed } from './hosts.ts';

export type Target =
  | { kind: 'rest-hook'; endpoint: string; headers: readonly (readonly [string, string])[] }
  | { kind: 'websocket' }
  | { kind: 'email'; to: string };

const MOST_HEADERS = 10;
const HEADER = /^([A-Za-z0-9-]{1,64}): ?([\x21-\x7e]([\x20-\x7e]{0,1998}[\x21-\x7e])?)$/;
/** What the server sets itself, and what would change whom a request is for or how it is read. */
const OURS =
  /^(host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|proxy-.*|sec-.*|forwarded|x-forwarded-.*|cookie)$/i;
const ADDRESS = /^mailto:([\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})$/;

/** @throws FhirError 422 */
export function channelOf(
  { type, endpoint, header }: Json,
  { hosts, mails }: { hosts: readonly Host[]; mails: boolean },
): Target {
  if (type !== 'rest-hook' && header !== undefined)
    throw refused('headers are for a `rest-hook` alone', 'header');
  switch (type) {
    case 'rest-hook':
      return { kind: type, endpoint: endpointOf(endpoint, hosts), headers: headersOf(header) };
    case 'websocket':
      if (endpoint !== undefined)
        throw refused('a websocket has no endpoint: it is this server’s', 'endpoint');
      return { kind: type };
    case 'email': {
      const to = ADDRESS.exec(String(endpoint))?.[1];
      if (!mails) throw refused('no e-mail is sent here; allowed: rest-hook, websocket', 'type');
      if (to === undefined)
        throw refused('the endpoint is one address, `mailto:name@example.org`', 'endpoint');
      return { kind: type, to };
    }
    default:
      throw refused('the channel is one of rest-hook, websocket, email', 'type');
  }
}

function endpointOf(endpoint: unknown, hosts: readonly Host[]): string {
  const url = typeof endpoint === 'string' && URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const plain =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    url.hash === '' &&
    url.href.length <= 1000;
  if (!plain) throw refused('the endpoint is an `https` address without user and fragment', 'endpoint');
  if (!isListed(hosts, hostOf(url)))
    throw refused('the host of the endpoint is not one that this server may tell anything', 'endpoint');
  return url.href;
}

function headersOf(header: unknown): [string, string][] {
  const lines = Array.isArray(header) ? (header as unknown[]) : [];
  if (lines.length > MOST_HEADERS) throw refused(`at most ${MOST_HEADERS} headers`, 'header');
  return lines.map((line) => {
    const [, name, value] = HEADER.exec(String(line)) ?? [];
    // INVARIANT: the message doesn't repeat the value, which may be a secret
    if (name === undefined || value === undefined)
      throw refused('a header is one line, `Name: value`', 'header');
    if (OURS.test(name)) throw refused(`the header \`${name}\` is the server's own`, 'header');
    return [name, value];
  });
}

const refused = (text: string, element: string): FhirError =>
  new FhirError('business-rule', text, { expression: `Subscription.channel.${element}` });
