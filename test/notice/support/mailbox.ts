/** A real SMTP server that keeps what it is given, and may be slow, refuse or be away. */
import { SMTPServer } from 'smtp-server';
import { freePort } from '../../support/server.ts';

export interface Letter {
  to: string[];
  raw: string;
  id: string;
}

export interface Mailbox {
  port: number;
  letters: Letter[];
  /** What each recipient is answered with: undefined takes it. */
  refuse: (to: string) => number | undefined;
  /** Before the letter is taken, milliseconds. */
  delay: number;
  /** Takes the letter, then hangs up without saying so. */
  dropAnswer: boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function mailbox(): Promise<Mailbox> {
  const port = await freePort();
  let server: SMTPServer | undefined;
  const box: Mailbox = {
    port,
    letters: [],
    refuse: () => undefined,
    delay: 0,
    dropAnswer: false,
    async start() {
      server = new SMTPServer({
        authOptional: true,
        closeTimeout: 100,
        disabledCommands: ['STARTTLS'],
        logger: false,
        onRcptTo({ address }, _session, done) {
          const code = box.refuse(address);
          done(code === undefined ? null : Object.assign(new Error(`no ${address}`), { responseCode: code }));
        },
        onData(stream, session, done) {
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            const raw = Buffer.concat(chunks).toString();
            const id = /^Message-ID: (.*)$/im.exec(raw)?.[1] ?? '';
            box.letters.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw, id });
            if (box.dropAnswer) done(Object.assign(new Error('try later'), { responseCode: 451 }));
            else setTimeout(() => done(), box.delay);
          });
        },
      });
      server.on('error', () => {});
      await new Promise<void>((resolve) => server!.listen(port, '127.0.0.1', resolve));
    },
    stop: () =>
      new Promise((resolve) => {
        if (server === undefined) return resolve();
        server.close(() => resolve());
        server = undefined;
      }),
  };
  await box.start();
  return box;
}

/** How a server sends there. */
export const mailing = ({ port }: Pick<Mailbox, 'port'>) => ({
  url: `smtp://127.0.0.1:${port}?tls=off`,
  from: 'carnet@space.example',
  link: 'https://space.example',
});
