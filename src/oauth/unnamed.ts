/**
 * SMART's own library refreshes for a public client without saying its name, which OAuth wants. The token tells whose it
 * is; of a client that has a secret or a key nothing is supposed.
 */
import type { IncomingMessage } from 'node:http';
import type { Clients } from '../auth/clients.ts';
import type { Artifacts } from '../auth/grants.ts';
import { readForm } from './form.ts';

const SHOWN = ['client_id', 'client_secret', 'client_assertion'];

export async function nameClient(
  request: IncomingMessage,
  { artifacts, clients }: { artifacts: Artifacts; clients: Clients },
): Promise<void> {
  if (request.headers.authorization !== undefined) return;
  const form = await readForm(request);
  // no form, or too long a one: its body is gone, and the library refuses what is left
  if (form === undefined) return;
  const token = form.get('refresh_token');
  if (form.get('grant_type') === 'refresh_token' && token !== null && !SHOWN.some((name) => form.has(name))) {
    const { clientId } = (await artifacts.find('RefreshToken', token)) ?? {};
    const found = typeof clientId === 'string' ? await clients.find(clientId) : undefined;
    if (found?.client.auth === 'none') form.set('client_id', found.client.id);
  }
  replay(request, Buffer.from(form.toString()));
}

/** As if it had not been read. */
function replay(request: IncomingMessage, body: Buffer): void {
  request.headers['content-length'] = String(body.length);
  Object.defineProperty(request, 'readable', { value: true });
  Object.assign(request, {
    async *iterator() {
      yield body;
    },
  });
}
