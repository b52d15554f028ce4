/** A replica set of one node: https://www.mongodb.com/docs/manual/reference/command/replSetInitiate/ */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient, MongoServerError, type Db } from 'mongodb';

const NOT_YET_INITIALIZED = 94;
const INTERRUPTED = [11600, 11602, 189, 10107];

interface SetConfig {
  _id: string;
  version: number;
  members: { _id: number; host: string }[];
}

export interface Bounds {
  /** Milliseconds. */
  patience: number;
  signal?: AbortSignal;
}

/**
 * Initiates the set, or gives its one member its new address, and waits until it takes writes.
 * Answers whether it was new. The URI must be that of a direct connection.
 */
export async function ensureReplicaSet(
  uri: string,
  name: string,
  host: string,
  bounds: Bounds,
): Promise<boolean> {
  const { patience, signal } = bounds;
  const client = new MongoClient(uri, { directConnection: true, serverSelectionTimeoutMS: patience });
  signal?.addEventListener('abort', () => void client.close());
  try {
    const admin = (await client.connect()).db('admin');
    const isNew = await configure(admin, name, host);
    await untilWritable(admin, patience);
    return isNew;
  } finally {
    await client.close();
  }
}

async function configure(admin: Db, name: string, host: string): Promise<boolean> {
  const config = await currentConfig(admin);
  if (config === undefined) {
    await admin.command({ replSetInitiate: { _id: name, members: [{ _id: 0, host }] } });
    return true;
  }
  if (config._id !== name || config.members.length !== 1) {
    throw new Error(
      `the database belongs to the replica set \`${config._id}\` with ${config.members.length} members`,
    );
  }
  if (config.members[0]!.host !== host) {
    const moved = { ...config, version: config.version + 1, members: [{ ...config.members[0], host }] };
    // a node that doesn't find itself in its configuration takes a new one by force only
    await admin.command({ replSetReconfig: moved, force: true });
  }
  return false;
}

async function currentConfig(admin: Db): Promise<SetConfig | undefined> {
  try {
    return (await admin.command({ replSetGetConfig: 1 })).config as SetConfig;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}

async function untilWritable(admin: Db, patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    try {
      if ((await admin.command({ hello: 1 })).isWritablePrimary === true) return;
    } catch (error) {
      if (!(error instanceof MongoServerError && INTERRUPTED.includes(error.code as number))) throw error;
    }
    await sleep(20);
  }
  throw new Error(`the database takes no writes after ${patience / 1000} s`);
}
