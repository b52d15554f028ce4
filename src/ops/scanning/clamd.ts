/** ClamAV's daemon, asked by INSTREAM: https://docs.clamav.net/manual/Usage/Scanning.html#clamd, clamd(8) */
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import type { Scanner, Verdict } from '../../enforcement/screening.ts';

/** Either a TCP port or a socket of this machine. */
type ClamdAddress = { host: string; port: number } | { path: string };

/** Milliseconds without a sign of life. */
const SILENT = 30_000;
/** Bytes of one chunk. */
const CHUNK = 256 * 1024;
/** Characters of an answer. */
const LONGEST = 1000;

export function clamd(address: ClamdAddress, silent = SILENT): Scanner & { ping(): Promise<boolean> } {
  return {
    scan: (source) => scan(address, source, silent),
    async ping() {
      const asked = await open(address, silent).catch(() => undefined);
      if (asked === undefined) return false;
      asked.socket.write('zPING\0');
      return (await asked.answer()) === 'PONG';
    },
  };
}

async function scan(address: ClamdAddress, source: AsyncIterable<Buffer>, silent: number): Promise<Verdict> {
  let asked: Asked | undefined;
  let why = 'no answer';
  try {
    asked = await open(address, silent);
    asked.socket.write('zINSTREAM\0');
  } catch (error) {
    why = (error as Error).message;
  }
  for await (const piece of source) {
    // what isn't scanned is read all the same
    if (asked === undefined || asked.isOver()) continue;
    for (let at = 0; at < piece.length; at += CHUNK)
      await asked.send(chunkOf(piece.subarray(at, at + CHUNK)));
  }
  if (asked === undefined) return { is: 'unknown', why };
  if (!asked.isOver()) await asked.send(chunkOf(Buffer.alloc(0)));
  return verdictIn(await asked.answer());
}

function chunkOf(bytes: Buffer): Buffer {
  const chunk = Buffer.allocUnsafe(4 + bytes.length);
  chunk.writeUInt32BE(bytes.length);
  bytes.copy(chunk, 4);
  return chunk;
}

/** `stream: OK`, `stream: NAME FOUND`; all else is no word of its being clean. */
function verdictIn(answer: string | undefined): Verdict {
  if (answer === 'stream: OK') return { is: 'clean' };
  const name = /^stream: (.+) FOUND$/.exec(answer ?? '')?.[1];
  return name === undefined ? { is: 'unknown', why: answer ?? 'no answer' } : { is: 'infected', name };
}

interface Asked {
  socket: Socket;
  send(bytes: Buffer): Promise<void>;
  /** It answered, or went away: no use in sending more. */
  isOver(): boolean;
  answer(): Promise<string | undefined>;
}

async function open(address: ClamdAddress, silent: number): Promise<Asked> {
  const socket = connect(address);
  socket.setTimeout(silent, () => socket.destroy(new Error('no answer in time')));
  let text = '';
  let over = false;
  socket.on('data', (piece: Buffer) => {
    text = `${text}${piece.toString()}`.slice(0, LONGEST);
    over = true;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void closed.then(() => (over = true));
  await once(socket, 'connect');
  return {
    socket,
    isOver: () => over,
    async send(bytes) {
      if (!socket.write(bytes)) await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
    },
    async answer() {
      const ended = new Promise<void>((resolve) => socket.once('end', () => resolve()));
      await Promise.race([ended, closed]);
      socket.destroy();
      const end = text.indexOf('\0');
      return end < 0 ? undefined : text.slice(0, end);
    },
  };
}
