/** The hosts that may be told something: what an operator lists, and nothing else. */
import { isIP } from 'node:net';

export interface Host {
  secure: boolean;
  /** As `URL` has it: lower case, addresses without brackets. */
  name: string;
  port: number;
}

/** `hooks.example.org`, `hooks.example.org:8443`, `http://127.0.0.1:9000`. @throws Error with what is allowed */
export function hostIn(text: string): Host {
  const written = /^https?:\/\//.test(text) ? text : `https://${text}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (
    url === undefined ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== '' ||
    url.password !== ''
  )
    throw new Error(`hosts like \`hooks.example.org:8443\` or \`http://10.0.0.7:9000\`, not \`${text}\``);
  return hostOf(url);
}

export function hostOf({ protocol, hostname, port }: URL): Host {
  const secure = protocol === 'https:';
  return {
    secure,
    name: bare(hostname),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
  };
}

export function isListed(hosts: readonly Host[], { secure, name, port }: Host): boolean {
  return hosts.some((each) => each.secure === secure && each.name === name && each.port === port);
}

/** An address that isn't everybody's to reach must be listed as such, with its port. */
export function listsAddress(hosts: readonly Host[], address: string, port: number): boolean {
  return hosts.some((each) => isIP(each.name) !== 0 && each.name === address && each.port === port);
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
