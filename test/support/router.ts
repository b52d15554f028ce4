/**
 * A stand-in for mongos: hands on all that is sent to the run's MongoDB, and says of itself that it is a router, so that
 * driver and server do what they do of a sharded cluster. What a router does with several shards it can't show.
 * https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring/server-discovery-and-monitoring.md
 */
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { BSON } from 'mongodb';

const HEADER = 16;
const OP_REPLY = 1;
const OP_MSG = 2013;
/** Where the first document of an answer begins. */
const BODY: Partial<Record<number, number>> = { [OP_REPLY]: HEADER + 20, [OP_MSG]: HEADER + 5 };
/** What only members of a replica set say. */
const MEMBER =
  'setName setVersion hosts passives arbiters primary me secondary electionId lastWrite topologyVersion'.split(
    ' ',
  );

export interface Router {
  uri: string;
  close(): Promise<void>;
}

/** @param uri of one mongod */
export async function router(uri: string): Promise<Router> {
  const { hostname, port } = new URL(uri);
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.on('close', () => [client, behind].forEach((each) => each.destroy()));
      socket.on('error', () => {});
    }
    client.pipe(behind);
    behind.on(
      'data',
      messages((message) => client.write(asRouter(message))),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    uri: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Whole messages, however they are cut. */
function messages(take: (message: Buffer) => void): (piece: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (piece) => {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      take(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  };
}

function asRouter(message: Buffer): Buffer {
  const start = BODY[message.readInt32LE(12)];
  if (start === undefined || !message.includes('maxWireVersion')) return message;
  const said = documentAt(message, start);
  for (const name of MEMBER) delete said[name];
  const body = BSON.serialize({ ...said, msg: 'isdbgrid' });
  const answer = Buffer.concat([message.subarray(0, start), body]);
  answer.writeInt32LE(answer.length, 0);
  return answer;
}

function documentAt(message: Buffer, start: number): BSON.Document {
  const size = message.readInt32LE(start);
  return BSON.deserialize(message.subarray(start, start + size), { promoteLongs: false });
}
