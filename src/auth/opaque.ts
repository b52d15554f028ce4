/** Who is calling with a token of our own: what the grant settled, and the scope of the token. */
import type { Subject } from '../consent/subject.ts';
import { isBearer, type Presented } from './bound.ts';
import type { Ahead, OpaqueToken, OpaqueTokens } from './grants.ts';
import { parseScopes } from './scopes.ts';
import { readWith } from './standing.ts';

const made = new WeakMap<OpaqueToken, Subject>();

/** One object for a token: what is planned for a caller is remembered under it. */
export async function opaqueSubject(
  tokens: OpaqueTokens,
  secret: string,
  presented: Presented,
  ahead?: Ahead,
): Promise<Subject | undefined> {
  const isBorne = ({ boundTo }: OpaqueToken): boolean => isBearer(boundTo, presented);
  const token = await tokens.token(secret, (known) =>
    isBorne(known) ? readWith(subjectFor(known), ahead) : undefined,
  );
  return token === undefined || !isBorne(token) ? undefined : subjectFor(token);
}

function subjectFor(token: OpaqueToken): Subject {
  let subject = made.get(token);
  if (subject === undefined) made.set(token, (subject = subjectOf(token)));
  return subject;
}

function subjectOf({ id, scope, holder, lasting }: OpaqueToken): Subject {
  const { scopes, rights } = parseScopes(scope);
  return {
    ...holder,
    scopes,
    rights: rights.filter((right) => holder.rights.includes(right)),
    tokenId: id,
    ...(lasting === undefined ? {} : { lives: lasting }),
  };
}
