/** The two folders of a backup, which must lie apart. */
import { relative, resolve } from 'node:path';
import { CommandError } from './command.ts';

export function foldersOf(
  data: string | undefined,
  keys: string | undefined,
  usage: string,
): { data: string; keys: string } {
  if (!data || !keys) throw new CommandError(usage);
  const folders = { data: resolve(data), keys: resolve(keys) };
  if (isWithin(folders.data, folders.keys) || isWithin(folders.keys, folders.data)) {
    throw new CommandError(
      'the folders of the data and of the keys must lie apart, neither within the other',
    );
  }
  return folders;
}

function isWithin(inner: string, outer: string): boolean {
  const path = relative(outer, inner);
  return !/^\.\.($|\/)/.test(path);
}
