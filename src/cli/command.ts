/** What every command shares: its usage, its arguments, and how it ends. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { ConfigError } from '../config/config.ts';

/** Wrong arguments, or what the user can mend: shown without a stack. */
export class CommandError extends Error {}

type Parsed<T extends ParseArgsConfig> = ReturnType<typeof parseArgs<T & { allowPositionals: true }>>;

export interface Command<T extends ParseArgsConfig['options']> {
  usage: string;
  options: T;
  run(values: Parsed<{ options: T }>['values'], files: string[]): Promise<void>;
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Prints the usage when it is asked for; exit code 2 for wrong arguments, 1 for failures. */
export async function runCommand<const T extends ParseArgsConfig['options']>(
  command: Command<T>,
): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${command.usage}\n`);
    return;
  }
  try {
    const { values, positionals } = parse(command, args);
    await command.run(values, positionals);
  } catch (error) {
    const known = error instanceof CommandError || error instanceof ConfigError;
    say(known ? error.message : `failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

function parse<T extends ParseArgsConfig['options']>(
  { usage, options }: Command<T>,
  args: string[],
): Parsed<{ options: T }> {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true }) as Parsed<{ options: T }>;
  } catch (error) {
    say(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}
