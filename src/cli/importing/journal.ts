/** What is done of an import, a line for each METADATA.XML: who starts again goes on from there. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Rejected } from './submission.ts';

export interface Done {
  /** Of the METADATA.XML. */
  path: string;
  sha256: string;
  documents: number;
  rejected: Rejected[];
}

export class Journal {
  readonly #file: FileHandle;
  readonly #done: Map<string, Done>;

  private constructor(file: FileHandle, done: Map<string, Done>) {
    this.#file = file;
    this.#done = done;
  }

  static async open(path: string): Promise<Journal> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const text = await readFile(path, 'utf8').catch(() => '');
    const lines = text.split('\n').flatMap((line) => doneOf(line) ?? []);
    const file = await open(path, 'a', 0o600);
    // a line that a kill has cut off ends here
    if (text !== '' && !text.endsWith('\n')) await file.appendFile('\n');
    return new Journal(file, new Map(lines.map((each) => [each.path, each])));
  }

  /** Undefined: not done, with other content, or not all of it: what was rejected may have been mended. */
  find(path: string, bytes: Buffer): Done | undefined {
    const found = this.#done.get(path);
    return found?.sha256 === sha256(bytes) && found.rejected.length === 0 ? found : undefined;
  }

  /** Durable when it returns. */
  async add(path: string, bytes: Buffer, documents: number, rejected: Rejected[]): Promise<void> {
    const done: Done = { path, sha256: sha256(bytes), documents, rejected };
    await this.#file.appendFile(`${JSON.stringify(done)}\n`);
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function doneOf(line: string): Done | undefined {
  try {
    const { path, sha256: sum, documents, rejected } = JSON.parse(line) as Partial<Done>;
    return typeof path === 'string' && typeof sum === 'string'
      ? { path, sha256: sum, documents: documents ?? 0, rejected: rejected ?? [] }
      : undefined;
  } catch {
    return undefined;
  }
}
