/** The keys of the issuer, where they are a file: a server with another one would refuse every token. */
import { readFileSync } from 'node:fs';
import { ConfigError } from './config.ts';

/** @param place of `AUTH_JWKS`; an address is asked when the first token comes. @throws ConfigError */
export function requireKeySet(place: string | undefined): void {
  if (place === undefined || place.startsWith('http')) return;
  const fault = faultIn(place);
  if (fault !== undefined) throw new ConfigError([`AUTH_JWKS names \`${place}\`: ${fault}`]);
}

function faultIn(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return (error as Error).message;
  }
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown };
    return Array.isArray(keys) && keys.length > 0 ? undefined : 'there is no key in it';
  } catch {
    // what the parser says quotes what may be another file's secret
    return 'it is no JSON Web Key Set';
  }
}
