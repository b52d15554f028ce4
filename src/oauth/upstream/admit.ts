/** Who has logged in elsewhere comes in here as somebody, or doesn't. */
import type { Person } from '../../auth/accounts.ts';
import type { ActivationCodes } from '../../auth/activation.ts';
import { traitsClaimed } from '../../auth/claims/franceconnect.ts';
import { professionalIn } from '../../auth/claims/pro-sante-connect.ts';
import { isNamed } from '../../auth/claims/named.ts';
import type { Login, Logins } from '../../auth/logins.ts';
import type { Upstream } from '../../auth/upstream.ts';
import type { ResourceStore } from '../../enforcement/ports.ts';
import { enterProfessional, REGULATION } from './directory.ts';
import type { Arrived } from './relying-party.ts';
import { Spaces } from './spaces.ts';

export interface Admitted {
  is: 'admitted';
  account: string;
  persons: readonly Person[];
  /** Beside how they logged in: https://datatracker.ietf.org/doc/html/rfc8176 */
  amr: string[];
  /** `Type/id` of the directory's entries that changed. */
  changed: string[];
}

/** `unlinked`: whether there is a space that it could be linked with isn't told, nor whether there was a link. */
export type Outcome = Admitted | { is: 'unlinked' } | { is: 'refused'; why: string };

export interface Admission {
  logins: Logins;
  codes: ActivationCodes;
  port: ResourceStore;
}

/** @param account to which the login is added; its own unless given */
export type Admit = (upstream: Upstream, arrived: Arrived, account?: string) => Promise<Outcome>;

/** A login at a lower level doesn't open what takes a higher one. */
function atLevel(person: Person, { acr }: Upstream): Person {
  return { ...person, levels: acr };
}

export function admission({ logins, codes, port }: Admission) {
  const spaces = new Spaces(port);

  async function admit(upstream: Upstream, arrived: Arrived, account?: string): Promise<Outcome> {
    const known = await logins.known(arrived);
    if (account !== undefined && !(await mayJoin(upstream, arrived, account)))
      return { is: 'refused', why: 'another person' };
    if (upstream.claims === 'franceconnect') return admitPatient(upstream, arrived, known, account);
    if (known?.isSuspended === true) return { is: 'refused', why: 'suspended' };
    const professional = professionalIn(arrived.claims, upstream.bounds);
    if (professional === undefined) return { is: 'refused', why: 'claims' };
    const entered = await enterProfessional(port, professional, known?.persons ?? [], upstream.id);
    if (entered === undefined) return { is: 'refused', why: 'directory' };
    const amr = professional.regulator ? [REGULATION] : [];
    return kept(arrived, { ...entered, amr }, account);
  }

  /** An issuer and its `sub` decide once they are linked; the traits no more. */
  async function admitPatient(
    upstream: Upstream,
    login: Login,
    known: Awaited<ReturnType<Logins['known']>>,
    account: string | undefined,
  ): Promise<Outcome> {
    const [before] = known?.persons ?? [];
    if (before?.role !== 'patient' || known?.isSuspended === true) return { is: 'unlinked' };
    const person = await spaces.person(before.reference.slice('Patient/'.length));
    if (person === undefined) return { is: 'unlinked' };
    return kept(login, { persons: [atLevel(person, upstream)], changed: [], amr: [] }, account);
  }

  /** @param typed the activation code. Undefined: one answer for all that isn't so. */
  async function link(
    upstream: Upstream,
    arrived: Arrived,
    typed: string,
    account?: string,
  ): Promise<Admitted | undefined> {
    const known = await logins.known(arrived);
    const traits = traitsClaimed(arrived.claims);
    const patient = traits === undefined ? undefined : await spaces.meant(traits);
    // as long as a code of somebody takes, also where there is nobody
    const mayBe = known?.isSuspended === true ? undefined : patient;
    const isRight = await codes.use(mayBe ?? 'nobody', typed);
    if (mayBe === undefined || !isRight) return undefined;
    const person = await spaces.person(mayBe);
    if (person === undefined) return undefined;
    const outcome = await kept(
      arrived,
      { persons: [atLevel(person, upstream)], changed: [], amr: [] },
      account,
    );
    return outcome.is === 'admitted' ? outcome : undefined;
  }

  /** A professional's, as a patient, once: nobody gets hold of another's space by adding it to their own login. */
  async function mayJoin({ claims: kind }: Upstream, { claims }: Arrived, account: string): Promise<boolean> {
    const { persons = [] } = (await logins.find(account)) ?? {};
    const isProfessional = ({ role, name }: Person): boolean =>
      role === 'professional' && isNamed(name, claims);
    return kind === 'franceconnect' && persons.length > 0 && persons.every(isProfessional);
  }

  async function kept(
    login: Login,
    admitted: Pick<Admitted, 'persons' | 'changed' | 'amr'>,
    account: string | undefined,
  ): Promise<Outcome> {
    const opened = await logins.keep(login, admitted.persons, account);
    // as they are kept: with what is given to each hanging on it
    const persons = opened === undefined ? [] : ((await logins.known(login))?.persons ?? []);
    return opened === undefined || persons.length === 0
      ? { is: 'refused', why: 'suspended' }
      : { is: 'admitted', account: opened, ...admitted, persons };
  }

  return { admit, link };
}
