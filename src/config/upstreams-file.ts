/** The OpenID providers that people log in at, from the operator's file. */
import { readFileSync } from 'node:fs';
import { type Upstream, upstreamsIn } from '../auth/upstream.ts';
import { ConfigError } from './config.ts';

/** @throws ConfigError */
export function upstreamsFile(path: string | undefined): Upstream[] {
  if (path === undefined) return [];
  try {
    return upstreamsIn(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError([`UPSTREAMS names \`${path}\`: ${(error as Error).message}`]);
  }
}
