/** What the README tells a new developer to write, as it stands there, but for addresses. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { demoClients, toldClients } from '../../src/demo/clients.ts';
import { demoSecrets } from '../../src/demo/secrets.ts';
import { document, person } from '../leaks/support/content.ts';
import { freePort } from '../support/server.ts';
import { actionIn, Browser, type Oauth, oauthServer, PASSWORD } from './support/oauth.ts';

let oauth: Oauth;
let folder: string;
let port: number;
const running: ChildProcess[] = [];

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  [folder, port] = [join(oauth.carnet.dataDir, '.data'), await freePort()];
  mkdirSync(folder);
  const secrets = demoSecrets(join(folder, 'secrets.json'));
  for (const client of demoClients(secrets)) {
    const redirectUris = client.redirectUris.map((uri) => uri.replace('8400', String(port)));
    await oauth.register({ ...client, redirectUris });
  }
  const told = { base: oauth.carnet.base, clients: toldClients(secrets) };
  writeFileSync(join(folder, 'demo.json'), JSON.stringify(told));
  const all = oauth.carnet.as('all');
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('DocumentReference/theirs', document('theirs', 'demo-mother'));
}, 120_000);
afterAll(async () => {
  for (const each of running) each.kill();
  await oauth?.carnet.close();
});

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const blockOf = (library: string): string =>
  [...README.matchAll(/```js\n(.*?)```/gs)].find(([text]) => text.includes(`'${library}'`))![1]!;

/** The block that uses this library, begun. */
function start(library: string): ChildProcess {
  const text = blockOf(library)
    .replace(`'${library}'`, `'${import.meta.resolve(library)}'`)
    .replaceAll('http://127.0.0.1:3000/fhir', oauth.carnet.base)
    .replaceAll('8400', String(port));
  const path = join(oauth.carnet.dataDir, `${library}.mjs`);
  writeFileSync(path, text);
  const child = spawn(process.execPath, [path], {
    cwd: oauth.carnet.dataDir,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  return child;
}

it('connects an app in ten lines: a patient logs in, allows it, and it reads their documents', async () => {
  expect(blockOf('fhirclient').trim().split('\n').filter(Boolean)).toHaveLength(10);
  start('fhirclient');
  const app = `http://127.0.0.1:${port}`;
  const browser = new Browser(oauth.issuer, app);
  const arrive = async () => {
    for (;;) {
      try {
        return await browser.get(`${app}/`);
      } catch (error) {
        if ((error as Error).message !== 'fetch failed') throw error;
      }
    }
  };
  const asked = await arrive();
  const login = { user: 'patient', password: PASSWORD };
  const allowing = await browser.post(actionIn(asked, 'login'), login);
  const { url, text } = await browser.post(actionIn(allowing, 'authorize'), {});
  expect(url.startsWith(`${app}/callback?`)).toBe(true);
  expect(JSON.parse(text)).toMatchObject({
    resourceType: 'Bundle',
    total: 1,
    entry: [{ resource: { id: 'theirs' } }],
  });
}, 60_000);

it('connects a hospital’s system', async () => {
  const child = start('oauth4webapi');
  let told = '';
  child.stdout!.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect([code, told]).toEqual([0, '0\n']);
}, 60_000);
