/** Subscriptions by e-mail: that something is new, and not what. */
import { randomUUID } from 'node:crypto';
import type { Carrier } from '../../notice/courier.ts';
import { letterOf } from '../../notice/letter.ts';
import { type Channel, Undelivered } from '../../subscription/ports.ts';

/** @param link the one in the e-mail */
export function byMail(carrier: Carrier | undefined, link: string): Channel {
  return {
    atOnce: 4,
    lane: ({ target }) => (target.kind === 'email' ? target.to.slice(target.to.indexOf('@')) : ''),
    isHere: () => carrier !== undefined,
    async reach({ target, language }) {
      if (target.kind !== 'email' || carrier === undefined) throw new Undelivered('no e-mail is sent here');
      return {
        async send() {
          try {
            await carrier.carry(letterOf(randomUUID(), target.to, language, link));
          } catch {
            throw new Undelivered('the e-mail was not taken');
          }
        },
        close() {},
      };
    },
  };
}
