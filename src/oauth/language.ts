/** The language of a screen: what the client asks for, else what the browser prefers. */
import type { IncomingMessage } from 'node:http';
import type { Language } from '../consent/reasons.ts';
import { languageOf as preferred } from '../operation/language.ts';

/** @param asked `ui_locales`: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest */
export function languageOf({ req }: { req: IncomingMessage }, asked?: unknown): Language {
  const [first = ''] = typeof asked === 'string' ? asked.split(/[ -]/, 1) : [];
  if (first === 'fr' || first === 'en') return first;
  return preferred({ header: (name) => req.headers[name]?.toString() });
}
