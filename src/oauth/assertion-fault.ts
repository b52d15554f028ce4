/**
 * Why an assertion doesn't show a client, as far as it says so itself: whoever wrote it is told, without a word on whether
 * there is such a client. Pure. https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html
 */
import jwt, { type Jwt, type JwtPayload } from 'jsonwebtoken';

export interface Wanted {
  algorithms: readonly string[];
  /** One of these. */
  audiences: ReadonlySet<string>;
  /** Seconds that it may live at most, and that clocks may differ. */
  longest: number;
  tolerance: number;
}

/** @param now seconds */
export function assertionFault(assertion: string, wanted: Wanted, now: number): string {
  const decoded = decode(assertion);
  if (decoded === undefined) return 'it is no JSON Web Token';
  const { header, payload } = decoded;
  return FAULTS.find(([isSo]) => isSo(payload, header, wanted, now))?.[1](wanted) ?? OTHERWISE;
}

const OTHERWISE = 'it is signed by no key of a client that is registered here, or was used before';

type Fault = [
  isSo: (payload: JwtPayload, header: Jwt['header'], wanted: Wanted, now: number) => boolean,
  text: (wanted: Wanted) => string,
];

const FAULTS: readonly Fault[] = [
  [
    (_, { alg }, { algorithms }) => !algorithms.includes(alg),
    ({ algorithms }) => `its \`alg\` is one of: ${algorithms.join(', ')}`,
  ],
  [({ iss, sub }) => !isText(iss) || iss !== sub, () => '`iss` and `sub` are both the client’s id'],
  [
    ({ aud }, _, { audiences }) => ![aud].flat().some((each) => isText(each) && audiences.has(each)),
    ({ audiences }) => `\`aud\` is one of: ${[...audiences].join(', ')}`,
  ],
  [({ jti }) => !isText(jti), () => 'it has a `jti`, another each time'],
  [({ exp }) => typeof exp !== 'number', () => 'it has an expiry: `exp`, in seconds'],
  [({ exp }, _, { tolerance }, now) => exp! + tolerance < now, () => 'it has expired'],
  [
    ({ exp }, _, { longest }, now) => exp! - now > longest,
    ({ longest }) => `it expires within ${longest} seconds`,
  ],
  [
    ({ nbf }, _, { tolerance }, now) => nbf !== undefined && !(nbf - tolerance <= now),
    () => 'it isn’t valid yet: `nbf`',
  ],
];

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function decode(assertion: string): { header: Jwt['header']; payload: JwtPayload } | undefined {
  try {
    const decoded = jwt.decode(assertion, { complete: true });
    if (decoded === null || typeof decoded.payload !== 'object') return undefined;
    return { header: decoded.header, payload: decoded.payload };
  } catch {
    return undefined;
  }
}
