/**
 * Where a host name leads, asked once: the connection goes to the very address that was checked, so that a name that
 * leads elsewhere a moment later reaches nothing. https://www.iana.org/assignments/iana-ipv4-special-registry
 */
import { lookup as dnsLookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { type Host, listsAddress } from '../../subscription/hosts.ts';
import { Undelivered } from '../../subscription/ports.ts';

export type Lookup = (name: string) => Promise<string[]>;

export const lookup: Lookup = async (name) =>
  (await dnsLookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/** Not everybody's to reach: private, shared, loopback, link-local, documentation, benchmarks, multicast, reserved. */
const SPECIAL_4 = blocks('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]);
/** All else than this is special; within it, what stands for IPv4 addresses, and documentation. */
const GLOBAL_6 = blocks('ipv6', [['2000::', 3]]);
const SPECIAL_6 = blocks('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);

function blocks(family: 'ipv4' | 'ipv6', subnets: readonly [string, number][]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return list;
}

export function isEverybodys(address: string): boolean {
  if (isIP(address) === 4) return !SPECIAL_4.check(address, 'ipv4');
  return isIP(address) === 6 && GLOBAL_6.check(address, 'ipv6') && !SPECIAL_6.check(address, 'ipv6');
}

/** INVARIANT: one forbidden address among several forbids all. @throws Undelivered */
export async function addressOf(hosts: readonly Host[], { name, port }: Host, ask: Lookup): Promise<string> {
  let found: string[];
  try {
    found = isIP(name) === 0 ? await ask(name) : [name];
  } catch {
    throw new Undelivered('the host of the endpoint was not found');
  }
  const [first] = found;
  if (first === undefined) throw new Undelivered('the host of the endpoint was not found');
  if (!found.every((address) => isEverybodys(address) || listsAddress(hosts, address, port)))
    throw new Undelivered('the host of the endpoint may not be reached from here');
  return first;
}
