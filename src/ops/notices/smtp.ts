/** E-mail by any SMTP server: https://www.rfc-editor.org/rfc/rfc5321 */
import { createTransport } from 'nodemailer';
import { type Carrier, Undelivered } from '../../notice/courier.ts';
import type { Letter } from '../../notice/letter.ts';

export interface SmtpOptions {
  /** `smtp://` or `smtps://`, perhaps with user and password */
  url: string;
  /** One address. */
  from: string;
}

const CONNECTIONS = 8;
const WITHIN = 20_000;

export interface Smtp extends Carrier {
  close(): void;
}

export function smtp({ url, from }: SmtpOptions): Smtp {
  const { protocol, hostname, port, username, password, searchParams } = new URL(url);
  const secure = protocol === 'smtps:';
  const domain = from.slice(from.indexOf('@') + 1);
  const transport = createTransport({
    pool: true,
    maxConnections: CONNECTIONS,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    // INVARIANT: passwords and addresses cross the network in clear only where the operator says so
    requireTLS: !secure && searchParams.get('tls') !== 'off',
    ignoreTLS: searchParams.get('tls') === 'off',
    ...(username === ''
      ? {}
      : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: WITHIN,
    greetingTimeout: WITHIN,
    socketTimeout: WITHIN,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async carry({ id, to, subject, text }: Letter) {
      try {
        await transport.sendMail({
          from: { name: '', address: from },
          to: { name: '', address: to },
          envelope: { from, to: [to] },
          messageId: `<${id}@${domain}>`,
          subject,
          text,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        throw new Undelivered(faultOf(error));
      }
    },
    close: () => transport.close(),
  };
}

/** Codes alone: what a server answers may repeat the address. */
function faultOf(error: unknown): string {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const parts = [code, responseCode].filter((part) => typeof part === 'string' || typeof part === 'number');
  return parts.length === 0 ? 'not delivered' : parts.join(' ').slice(0, 60);
}
