/** Which addresses an endpoint may lead to: only what is listed is connected to, at the very address that was checked. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostIn, hostOf, isListed } from '../../src/subscription/hosts.ts';
import { addressOf, isEverybodys } from '../../src/ops/subscriptions/address.ts';
import { restHook } from '../../src/ops/subscriptions/rest-hook.ts';
import type { Plan } from '../../src/subscription/plan.ts';
import { cert, key } from './support/certificate.ts';
import { endpoint } from './support/endpoint.ts';

test.each(
  '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.0.2.1 192.168.1.1 198.18.0.1 224.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 fe80::1 fc00::1 fd12::1 ff02::1 2001:db8::1 2002:7f00:1:: 2001::1 localhost'.split(
    ' ',
  ),
)('%s is not everybody’s to reach', (address) => {
  expect(isEverybodys(address)).toBe(false);
});

test.each(['1.1.1.1', '172.32.0.1', '192.169.0.1', '2606:4700::1111', '2a00:1450::1'])(
  '%s is everybody’s to reach',
  (address) => {
    expect(isEverybodys(address)).toBe(true);
  },
);

const HOSTS = ['hooks.example.org', 'http://127.0.0.1:9000', 'hooks.example.org:8443'].map(hostIn);

test.each([
  ['https://hooks.example.org/a?b=c', true],
  ['https://HOOKS.example.org.:443/a', true],
  ['https://hooks.example.org:8443/', true],
  ['http://127.0.0.1:9000/', true],
  // the same address, written otherwise
  ['http://2130706433:9000/', true],
  ['http://0x7f.1:9000/', true],
  ['http://hooks.example.org/', false],
  ['https://hooks.example.org:9000/', false],
  ['https://a.hooks.example.org/', false],
  ['https://hooks.example.org.evil.example/', false],
  ['https://hooks.example.org@evil.example/', false],
  ['http://127.0.0.1/', false],
  ['https://127.0.0.1:9000/', false],
  ['http://127.0.0.2:9000/', false],
  ['http://[::1]:9000/', false],
  ['http://[::ffff:127.0.0.1]:9000/', false],
  ['http://localhost:9000/', false],
])('whether %s is listed: %s', (address, listed) => {
  expect(isListed(HOSTS, hostOf(new URL(address)))).toBe(listed);
});

test.each([
  ['leads to loopback', ['127.0.0.2']],
  ['leads to the metadata of a cloud', ['169.254.169.254']],
  ['leads to a private address among others', ['1.1.1.1', '10.0.0.1']],
  ['leads to a mapped address', ['::ffff:127.0.0.2']],
  ['leads nowhere', []],
])('a listed name that %s is not reached', async (_, found) => {
  await expect(addressOf(HOSTS, HOSTS[0]!, async () => found)).rejects.toThrow('the host of the endpoint');
});

test('an address that is private is reached when it is listed itself', async () => {
  await expect(addressOf(HOSTS, HOSTS[1]!, async () => [])).resolves.toBe('127.0.0.1');
  const there = hostIn('http://hooks.example.org:9000');
  await expect(addressOf(HOSTS, there, async () => ['127.0.0.1'])).resolves.toBe('127.0.0.1');
  await expect(addressOf(HOSTS, HOSTS[0]!, async () => ['127.0.0.1'])).rejects.toThrow('may not be reached');
});

test('a name is asked for once: what it leads to a moment later is not reached', async () => {
  const hook = await endpoint();
  const { port } = new URL(hook.url);
  const named = hostIn(`http://rebound.example:${port}`);
  const plan = {
    target: { kind: 'rest-hook', endpoint: `http://rebound.example:${port}/`, headers: [] },
    timeout: 1000,
  } as unknown as Plan;
  const answers = [['127.0.0.1'], ['127.0.0.1']];
  let asked = 0;
  const lookup = async () => answers[asked++] ?? [];
  try {
    await expect(restHook([named], lookup).reach(plan, 'x')).rejects.toThrow('may not be reached');
    expect(asked).toBe(1);
    asked = 0;
    const reached = await restHook([named, hook.host], lookup).reach(plan, 'x');
    await reached.send({ kind: 'heartbeat', subscription: 'x', body: Buffer.from('{}') });
    expect(asked).toBe(1);
    expect(hook.sent.map(({ headers }) => headers.host)).toEqual([`rebound.example:${port}`]);
  } finally {
    await hook.stop();
  }
});

test.each(['https://u:p@a.example', 'a.example/path', 'https://a.example?x', 'ftp://a.example', ''])(
  '%s is no host that can be listed',
  (text) => {
    expect(() => hostIn(text)).toThrow('hosts like');
  },
);

test.each([
  ['of the host, from who is trusted', 'hooks.test', cert, true],
  ['from who isn’t trusted', 'hooks.test', undefined, false],
  ['of another host', 'other.test', cert, false],
])('by TLS, a certificate %s', async (_, name, ca, taken) => {
  const told: string[] = [];
  const server = createServer({ key, cert }, (request, response) => {
    told.push(`${request.method} ${request.url} ${request.headers.host}`);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const hosts = [`${name}:${port}`, `http://127.0.0.1:${port}`].map(hostIn);
  const endpoint = `https://${name}:${port}/hook?a=b`;
  const plan = { target: { kind: 'rest-hook', endpoint, headers: [] }, timeout: 1000 } as unknown as Plan;
  const notification = { kind: 'heartbeat' as const, subscription: 'x', body: Buffer.from('{}') };
  try {
    const reached = restHook(hosts, async () => ['127.0.0.1'], ca).reach(plan, 'x');
    if (taken) await (await reached).send(notification);
    else await expect(reached).rejects.toThrow('could not be connected to');
    expect(told).toEqual(taken ? [`POST /hook?a=b hooks.test:${port}`] : []);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
