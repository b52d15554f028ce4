/** Authorities whose certificates show clients, from the operator's file. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from './config.ts';

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** @throws ConfigError */
export function certificateAuthorities(path: string | undefined): X509Certificate[] {
  if (path === undefined) return [];
  try {
    const found = (readFileSync(path, 'utf8').match(PEM) ?? []).map((each) => new X509Certificate(each));
    if (found.length === 0) throw new Error('there is no certificate in it');
    const other = found.find(({ ca }) => !ca);
    if (other !== undefined) throw new Error(`\`${other.subject.replaceAll('\n', ', ')}\` is no authority’s`);
    return found;
  } catch (error) {
    throw new ConfigError([`CLIENT_CERTIFICATE_CAS names \`${path}\`: ${(error as Error).message}`]);
  }
}
