/** `DATA_DIR/demo.json`, which a server with the demo writes at each start. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command.ts';

export interface DemoFile {
  base: string;
  callers: Record<string, { token: string; id: string }>;
}

export function readDemoFile(dataDir: string): DemoFile {
  const path = join(dataDir, 'demo.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as DemoFile;
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is none' : (error as Error).message;
    throw new CommandError(
      `\`${path}\` can't be read (${why}): start the server with the demo once, \`npm start\``,
    );
  }
}

export function tokenOf({ callers }: DemoFile, name: string): string {
  if (!Object.hasOwn(callers, name)) {
    throw new CommandError(
      `there is no demo caller \`${name}\`; there are: ${Object.keys(callers).join(', ')}`,
    );
  }
  return callers[name]!.token;
}
