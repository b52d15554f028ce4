/** The database of a configuration, for a command: the running server's, or the embedded one, started for the while. */
import type { Config } from '../config/config.ts';
import { startEmbedded } from '../ops/embedded/embedded.ts';
import { LockedError } from '../ops/embedded/lock.ts';
import { CommandError, say } from './command.ts';

export interface Needs {
  /** The server may go on meanwhile. */
  live: boolean;
}

export async function withDatabase<T>(
  config: Config,
  needs: Needs,
  use: (uri: string) => Promise<T>,
): Promise<T> {
  if (config.mongodbUri !== undefined) return use(config.mongodbUri);
  const { dataDir, mongodbPort: port, mongod: places, mongodbCacheGb: cacheSizeGb } = config;
  try {
    const database = await startEmbedded({ dataDir, port, places, cacheSizeGb, log: say });
    try {
      return await use(database.uri);
    } finally {
      await database.stop();
    }
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    if (!needs.live) throw new CommandError(`${error.message}; this command needs it stopped`);
    return use(`mongodb://127.0.0.1:${port}/?replicaSet=carnet`);
  }
}
