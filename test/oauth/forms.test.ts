/** Forms that are too long are refused, and spoil nothing for who comes next on the same connection. */
import { Agent, request as ask } from 'node:http';
import { type Oauth, oauthServer } from './support/oauth.ts';

let oauth: Oauth;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
}, 120_000);
afterAll(async () => {
  agent.destroy();
  await oauth?.carnet.close();
});

function status(method: string, address: string, body?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = ask(address, { method, agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode!));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

it.each(['authorize', 'token', 'interaction/made-up/login'])('to %s', async (path) => {
  for (let times = 0; times < 4; times += 1) {
    expect(await status('POST', `${oauth.issuer}/${path}`, `a=${'x'.repeat(2_000_000)}`)).toBe(400);
    expect(await status('GET', `${oauth.carnet.base}/metadata`)).toBe(200);
  }
});

it('as long as one may be it is read', async () => {
  const form = `client_id=nobody&a=${'x'.repeat(60_000)}`;
  expect(await status('POST', `${oauth.issuer}/authorize`, form)).toBe(303);
});
