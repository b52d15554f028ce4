/** A whole archive, several submissions at once. */
import { FhirError } from '../../fhir/outcome.ts';
import type { Server } from '../loading/send.ts';
import type { Archive } from './archive.ts';
import { deliver } from './deliver.ts';
import type { Journal } from './journal.ts';
import { type Piece, type Rejected, readSubmission } from './submission.ts';

export interface Tally {
  /** Pieces that were stored now, and that were there or done before. */
  stored: number;
  before: number;
  rejected: Rejected[];
  /** Of the archive's files. */
  bytes: number;
}

/** Of one transaction. */
const TOGETHER = 64;
const BYTES = 8 * 1024 * 1024;

const METADATA = /(^|\/)METADATA\.XML$/i;
/** What media carry beside documents: https://profiles.ihe.net/ITI/TF/Volume2/ITI-32.html */
const BESIDE = /(^|\/)(INDEX\.HTML?|README\.TXT|[^/]*\.(XSLT?|CSS))$/i;

/** @param show told after each transaction @throws CommandError when the server can't go on */
export async function importArchive(
  archive: Archive,
  server: Server,
  {
    prefix,
    journal,
    workers,
    show,
  }: { prefix: string; journal: Journal; workers: number; show: (tally: Tally) => void },
): Promise<Tally> {
  const tally: Tally = { stored: 0, before: 0, rejected: [], bytes: 0 };
  const named = new Set<string>();
  const paths = [...archive.files.keys()].filter((path) => METADATA.test(path));
  const waiting = paths.values();
  const work = async (): Promise<void> => {
    for (const path of waiting) {
      await one(path);
      show(tally);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  for (const { path, reason } of archive.refused)
    if (!named.has(path) || archive.files.has(path)) tally.rejected.push({ path, reason });
  for (const path of archive.files.keys())
    if (!named.has(path) && !METADATA.test(path) && !BESIDE.test(path))
      tally.rejected.push({ path, reason: 'no METADATA.XML names it' });
  return tally;

  async function one(path: string): Promise<void> {
    const bytes = await archive.files.get(path)!.read();
    const rejected: Rejected[] = [];
    let submission;
    try {
      submission = readSubmission(archive, path, bytes, prefix);
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      tally.rejected.push({ path, reason: error.message });
      return;
    }
    for (const each of submission.named) named.add(each);
    const done = journal.find(path, bytes);
    if (done !== undefined) {
      tally.before += done.documents;
      tally.rejected.push(...done.rejected);
      for (const each of submission.named) tally.bytes += archive.files.get(each)?.size ?? 0;
      return;
    }
    let documents = 0;
    let group: Piece[] = [];
    const flush = async (): Promise<void> => {
      const { stored, there, rejected: refused } = await deliver(group, server);
      tally.stored += stored;
      tally.before += there;
      documents += stored + there;
      rejected.push(...refused);
      tally.bytes += group.reduce((sum, { size }) => sum + size, 0);
      group = [];
      show(tally);
    };
    for await (const piece of submission.pieces) {
      if (!('resources' in piece)) {
        rejected.push(piece);
        tally.bytes += archive.files.get(piece.path)?.size ?? 0;
        continue;
      }
      group.push(piece);
      if (group.length >= TOGETHER || group.reduce((sum, { size }) => sum + size, 0) >= BYTES) await flush();
    }
    await flush();
    tally.rejected.push(...rejected);
    await journal.add(path, bytes, documents, rejected);
  }
}
