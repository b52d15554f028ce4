/** The kinds of values that variables of the environment hold. Each reader throws an error that says what is allowed. */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { isPurpose } from '../consent/vocabulary.ts';
import { ownProfiles } from '../fhir/conformance/profiles.ts';
import { GROUPS, type Group } from '../fhir/content/ends.ts';
import type { Taken } from '../fhir/content/taken.ts';
import { ID } from '../fhir/resource.ts';
import type { Passing } from '../http/client-certificate.ts';
import { isResourceType } from '../search/definitions.ts';
import type { UploadBounds } from '../interaction/uploads.ts';
import { AUTH_RATES, type AuthRates } from '../oauth/pace.ts';
import { type Host, hostIn } from '../subscription/hosts.ts';

const DEPOSITORS = ['patient', 'representative', 'professional', 'system', 'others'] as const;
/** Of one content; of patients as the national space has it. */
export const CONTENT_BYTES: UploadBounds['bytes'] = {
  patient: 5_000_000,
  representative: 5_000_000,
  others: 2 * 1024 ** 3,
};

export function within(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most))
      throw new Error(`a whole number from ${least} to ${most}, not \`${text}\``);
    return value;
  };
}

export function decimal(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most))
      throw new Error(`a number from ${least} to ${most}, not \`${text}\``);
    return value;
  };
}

export function matching(pattern: RegExp, allowed: string): (text: string) => string {
  return (text) => {
    if (!pattern.test(text)) throw new Error(`${allowed}, not \`${text}\``);
    return text;
  };
}

/** Bytes by role: `patient=5000000,others=2147483648`. */
export function bytesByRole(text: string): UploadBounds['bytes'] {
  const found: Record<string, number> = {};
  for (const [, role = '', bytes = ''] of split(text).map(
    (each) => /^([a-z]+)=([1-9]\d{3,12})$/.exec(each) ?? [],
  )) {
    if (!(DEPOSITORS as readonly string[]).includes(role))
      throw new Error(`bytes by who deposits: \`${DEPOSITORS.join('=…,')}=…\`, not \`${text}\``);
    found[role] = Number(bytes);
  }
  return { ...CONTENT_BYTES, ...found };
}

/** A minute: `address=6000,client=6000,account=600,requests=300000`. */
export function authRates(text: string): AuthRates {
  const found: Record<string, number> = {};
  for (const each of split(text)) {
    const [, name = '', rate = ''] = /^(address|client|account|requests)=([1-9]\d{0,6})$/.exec(each) ?? [];
    if (name === '')
      throw new Error(`rates a minute: \`address=…,client=…,account=…,requests=…\`, not \`${text}\``);
    found[name] = Number(rate);
  }
  return { ...AUTH_RATES, ...found };
}

/** `client-cert@10.0.0.5,10.0.0.6` */
export function passedCertificates(text: string): Passing {
  const [, header, list = ''] = /^([A-Za-z][A-Za-z0-9-]{1,60})@(.+)$/.exec(text) ?? [];
  const proxies = split(list);
  if (header === undefined || proxies.length === 0 || !proxies.every((each) => isIP(each) !== 0))
    throw new Error(
      `a header and the proxies' addresses, \`client-cert@10.0.0.5,10.0.0.6\`, not \`${text}\``,
    );
  return { header: header.toLowerCase(), proxies };
}

/** Where a daemon listens: a TCP port, or a socket of this machine. */
export type ClamdAddress = { host: string; port: number } | { path: string };

export function clamdAddress(text: string): ClamdAddress {
  if (/^\/[\x21-\x7e]{1,100}$/.test(text)) return { path: text };
  const [, host, port] = /^([\w.-]{1,253}|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(text) ?? [];
  if (host === undefined || !(Number(port) >= 1 && Number(port) <= 65535))
    throw new Error(`\`host:port\`, or the path of a socket that begins with \`/\`, not \`${text}\``);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

export function oneOf<T extends string>(allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((each) => each === text);
    if (found === undefined) throw new Error(`one of ${allowed.join(', ')}, not \`${text}\``);
    return found;
  };
}

export function listOf<T extends string>(allowed: readonly T[]): (text: string) => T[] {
  return (text) => split(text).map(oneOf(allowed));
}

export function onOrOff(text: string): boolean {
  if (/^(on|1|true|yes)$/i.test(text)) return true;
  if (/^(off|0|false|no)$/i.test(text)) return false;
  throw new Error(`\`on\` or \`off\`, not \`${text}\``);
}

export function httpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
    throw new Error('an `http` or `https` address without query, fragment and user');
  }
  return url.href.replace(/\/+$/, '');
}

/** `Type=canonical`, of a type several: by the type. */
export function profilesByType(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const each of split(text)) {
    const at = each.indexOf('=');
    const [type, canonical] = [each.slice(0, Math.max(at, 0)), each.slice(at + 1)];
    if (!isResourceType(type) || !URL.canParse(canonical))
      throw new Error(`resource types with the address of a profile, \`List=https://…\`, not \`${each}\``);
    const profile = ownProfiles().find(canonical);
    if (profile?.type !== type) throw new Error(`known profiles of the type, not \`${each}\``);
    found.set(type, [...(found.get(type) ?? []), canonical]);
  }
  return found;
}

/** `Organization/x` */
export function references(type: string): (text: string) => string[] {
  return (text) => {
    const found = split(text);
    const wrong = found.find((each) => !each.startsWith(`${type}/`) || !ID.test(each.slice(type.length + 1)));
    if (wrong !== undefined) throw new Error(`references like \`${type}/1\`, not \`${wrong}\``);
    return found;
  };
}

export function purposes(text: string): string[] {
  const found = split(text);
  const unknown = found.find((code) => !isPurpose(code));
  if (unknown !== undefined) throw new Error(`codes of PurposeOfUse, such as TREAT, not \`${unknown}\``);
  return found;
}

export function hosts(text: string): Host[] {
  return split(text).map(hostIn);
}

/** INVARIANT: the message doesn't repeat the address, which may hold a password. */
export function smtpUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    !/^smtps?:$/.test(url.protocol) ||
    url.hostname === '' ||
    !/^(\?tls=off)?$/.test(url.search)
  )
    throw new Error('an address like `smtps://user:password@host:465` or `smtp://host:587`');
  return text;
}

/** INVARIANT: the message doesn't repeat the address, which may hold a password. */
export function mongodbUri(text: string): string {
  if (!/^mongodb(\+srv)?:\/\/\S+$/.test(text))
    throw new Error('an address like `mongodb://host:27017/?replicaSet=rs0`');
  return text;
}

/** INVARIANT: the message doesn't repeat the token. */
export function metricsToken(text: string): string {
  if (!/^[A-Za-z0-9\-._~+/]{24,512}=*$/.test(text))
    throw new Error('24 to 512 letters, digits and `-._~+/`, such as `openssl rand -hex 24` makes');
  return text;
}

/** Keys that came in clear could have been replaced on the way. */
export function jwks(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return resolve(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url?.protocol === 'https:' || (local && url.protocol === 'http:')) return url.href;
  throw new Error('an `https` address or the path of a file');
}

/** A list of types, or changes to the standard one: `+Claim,-Media`. */
export function resourceTypes(standard: readonly string[]): (text: string) => string[] {
  return (text) => listed(text, standard, isResourceType, "made of R4's resource types").sort();
}

/** Groups of kinds, and media types of which nothing is known: `+office,+application/x-spirometry`. */
export function contentTypes(standard: readonly string[]): (text: string) => Taken {
  const isGroup = (word: string): word is Group => (GROUPS as readonly string[]).includes(word);
  const isKnown = (word: string): boolean => isGroup(word) || /^[a-z]+\/[a-z0-9][\w.+-]{0,99}$/.test(word);
  return (text) => {
    const words = listed(text, standard, isKnown, `made of ${GROUPS.join(', ')} and media types`);
    return { groups: new Set(words.filter(isGroup)), types: new Set(words.filter((each) => !isGroup(each))) };
  };
}

function listed(
  text: string,
  standard: readonly string[],
  isKnown: (word: string) => boolean,
  allowed: string,
): string[] {
  const words = split(text).map((word) => ({
    sign: /^[+-]/.exec(word)?.[0],
    name: word.replace(/^[+-]/, ''),
  }));
  const unknown = words.find(({ name }) => !isKnown(name));
  if (unknown !== undefined) throw new Error(`${allowed}; \`${unknown.name}\` is none`);
  const changes = words.filter(({ sign }) => sign !== undefined);
  if (words.length === 0 || (changes.length > 0 && changes.length < words.length)) {
    throw new Error('a list of types, or changes with `+` and `-`, not both');
  }
  const types = new Set(changes.length > 0 ? standard : []);
  for (const { sign, name } of words) {
    if (sign === '-') types.delete(name);
    else types.add(name);
  }
  return [...types];
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
