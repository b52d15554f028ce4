/**
 * Loads the demo's data through the server's own door, each resource as the caller that it comes from. What an earlier
 * start has loaded before it was stopped is left as it is.
 */
import type { CallerName } from './callers.ts';
import { demoDeposits } from './deposits.ts';

const TOGETHER = 50;

export async function seedDemo(
  base: string,
  tokens: Readonly<Record<CallerName, string>>,
  tell: (what: string) => void,
): Promise<void> {
  const deposits = demoDeposits(new Date());
  const total = deposits.reduce((sum, { resources }) => sum + resources.length, 0);
  let done = 0;
  for (const { caller, resources } of deposits) {
    for (let start = 0; start < resources.length; start += TOGETHER) {
      const entry = resources.slice(start, start + TOGETHER).map((resource) => ({
        resource,
        request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      }));
      done += entry.length;
      // a transaction is there as a whole, or not at all
      if (await isThere(`${base}/${entry[0]!.request.url}`, tokens.all)) continue;
      const response = await fetch(base, {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json', authorization: `Bearer ${tokens[caller]}` },
        body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
      });
      if (!response.ok) {
        throw new Error(
          `the demo data of ${caller} was refused: ${response.status} ${await response.text()}`,
        );
      }
      await response.arrayBuffer();
      tell(`demo data: ${done} of ${total} resources`);
    }
  }
}

async function isThere(address: string, token: string): Promise<boolean> {
  const response = await fetch(address, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } });
  return response.ok;
}
