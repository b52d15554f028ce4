/** The documents of a record, as files: each content is read by itself, under its own decision and with its own trace. */
import type { Language } from '../../consent/reasons.ts';
import { HeldBack } from '../../enforcement/screening.ts';
import { contentAt } from '../../fhir/content/attachment.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Json, Resource } from '../../fhir/resource.ts';
import { each, stringOf, textOf } from '../summary/elements.ts';
import { type Get, bytesIn, ifThere } from './ask.ts';
import { fileName, isXml } from './files.ts';
import type { Listed, ListedFile } from './index-page.ts';
import type { People } from './people.ts';
import { SAID } from './words.ts';

type Write = (name: string, content: Buffer | AsyncIterable<Buffer>) => Promise<void>;

interface Draft extends Omit<Listed, 'author'> {
  authors: readonly Json[];
}

export class Documents {
  readonly #get: Get;
  readonly #base: string;
  readonly #language: Language;
  readonly #write: Write;
  readonly #drafts: Draft[] = [];

  constructor(get: Get, base: string, language: Language, write: Write) {
    this.#get = get;
    this.#base = base;
    this.#language = language;
    this.#write = write;
  }

  get count(): number {
    return this.#drafts.length;
  }

  /** @returns the names of what was read for it */
  async add(document: Resource): Promise<string[]> {
    const attachments = each(document.content).map(({ attachment }) => (attachment ?? {}) as Json);
    const title =
      stringOf(document.description) ??
      attachments.map((attachment) => stringOf(attachment.title)).find((each) => each !== undefined) ??
      textOf(document.type) ??
      SAID.untitled[this.#language];
    const date = stringOf(document.date) ?? stringOf(attachments[0]?.creation) ?? '';
    const about = { date: date.slice(0, 10), title };
    const files: ListedFile[] = [];
    const read: string[] = [];
    for (const attachment of attachments) files.push(await this.#file(attachment, about, read));
    if (
      attachments.some(({ contentType }) => isXml(contentType)) &&
      files.some(({ name }) => name !== undefined)
    )
      files.push(...(await this.#page(document, about)));
    this.#drafts.push({ ...about, files, authors: each(document.author) });
    return read;
  }

  listed(people: People): Listed[] {
    const unnamed = SAID.unnamed[this.#language];
    return this.#drafts.map(({ authors, ...draft }) => ({
      ...draft,
      author: people.named(authors, unnamed),
    }));
  }

  async #file(attachment: Json, about: { date: string; title: string }, read: string[]): Promise<ListedFile> {
    const { contentType, data } = attachment;
    const name = (type: unknown = contentType): string => fileName(this.#drafts.length + 1, about, type);
    if (typeof data === 'string') return this.#put(name(), Buffer.from(data, 'base64'));
    const url = stringOf(attachment.url) ?? '';
    const local = contentAt(url, this.#base);
    if (local === undefined) return { said: url === '' ? 'missing' : 'elsewhere' };
    const isBundle = local.startsWith('Bundle/');
    const asked = this.#get(local, { accept: isBundle ? 'application/fhir+json' : '*/*' });
    const answer = await ifThere(asked).catch(unlessHeldBack);
    if (answer === 'held') return { said: 'held' };
    const bytes = answer === undefined ? undefined : bytesIn(answer);
    if (bytes === undefined) return { said: 'missing' };
    read.push(local);
    return this.#put(name(isBundle ? 'application/fhir+json' : contentType), bytes);
  }

  /** A CDA as a page to read. What can't be read as one, such as XML that is not well formed, is a file all the same. */
  async #page(document: Resource, about: { date: string; title: string }): Promise<ListedFile[]> {
    const asked = this.#get(`DocumentReference/${document.id}/$html`, { accept: 'text/html' });
    const answer = await asked.catch(unlessUnreadable);
    if (!Buffer.isBuffer(answer?.body)) return [];
    const name = fileName(this.#drafts.length + 1, about, '').replace(/\.bin$/, '.html');
    await this.#write(name, answer.body);
    return [{ name, said: 'page' }];
  }

  readonly #names = new Set<string>();

  /** Several contents of one document have one name but for a number. */
  async #put(wanted: string, content: Buffer | AsyncIterable<Buffer>): Promise<ListedFile> {
    let name = wanted;
    for (let more = 2; this.#names.has(name); more += 1) name = wanted.replace(/(\.\w+)$/, `-${more}$1`);
    this.#names.add(name);
    await this.#write(name, content);
    return { name };
  }
}

function unlessHeldBack(error: unknown): 'held' {
  if (error instanceof HeldBack) return 'held';
  throw error;
}

function unlessUnreadable(error: unknown): undefined {
  if (error instanceof HeldBack || (error instanceof FhirError && error.status < 500)) return undefined;
  throw error;
}
