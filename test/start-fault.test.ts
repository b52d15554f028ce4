/** What is said when the server can't start; the errors are those of Node and of the driver themselves. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { MongoClient } from 'mongodb';
import { explainStart } from '../src/start-fault.ts';

const SECRET = 'hunter2';

const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

async function taken(): Promise<{ port: number; close(): void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

it('a port that is taken is named with its variable', async () => {
  const { port, close } = await taken();
  const [error] = await once(createServer().listen(port, '127.0.0.1'), 'error').catch((fault: unknown) => [
    fault,
  ]);
  expect(explainStart(error, { port, host: '127.0.0.1' })).toBe(
    `PORT ${port} is in use: stop what listens there, or set PORT to another`,
  );
  expect(explainStart(error, { port: port + 1, host: '127.0.0.1' })).toMatch(/EADDRINUSE/);
  close();
});

it.each([
  [
    'out of reach',
    (port: number) => `mongodb://ada:${SECRET}@127.0.0.1:${port}/?replicaSet=rs0`,
    /out of reach/,
  ],
  ['not understood', () => `mongodb://ada:${SECRET}@127.0.0.1/?colour=red`, /not understood/],
])('a database that is %s is named by its variable, without its password', async (_what, uriAt, text) => {
  const { port, close } = await taken();
  close();
  const mongodbUri = uriAt(port);
  const error = await faultOf(
    (async () => new MongoClient(mongodbUri, { serverSelectionTimeoutMS: 300 }).connect())(),
  );
  const said = explainStart(error, { port: 3000, host: '127.0.0.1', mongodbUri });
  expect(said).toMatch(text);
  expect(said).toContain('MONGODB_URI');
  expect(said).not.toContain(SECRET);
});

it('what is wrong with the configuration is said as it is', () => {
  expect(explainStart(new Error('PORT must be a number'))).toBe('PORT must be a number');
});
