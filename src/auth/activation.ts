/** Activation codes: what comes by letter, and shows once that who logs in is who the space is of. */
import { randomInt } from 'node:crypto';

/** Seconds: six weeks. */
export const GOOD_FOR = 42 * 86_400;
/** Without letters and digits that look alike; 60 bits in twelve of them. */
const LETTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const LENGTH = 12;
const GROUP = 4;

export interface ActivationCodes {
  /** A new one, in place of any before. @param patient logical id. @returns as it is printed: it is kept nowhere */
  issue(patient: string): Promise<string>;
  /** Once. @param code as it was typed */
  use(patient: string, code: string): Promise<boolean>;
}

/** `7KQ2-M9TD-XW4R` */
export function newCode(): string {
  const letters = Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]!).join('');
  return letters.match(new RegExp(`.{${GROUP}}`, 'g'))!.join('-');
}

/** Without what people leave out or put in. */
export function bareCode(typed: string): string {
  return typed
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '')
    .slice(0, 40);
}
