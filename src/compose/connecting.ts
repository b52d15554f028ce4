/** What the authorization server looks up itself of patients' apps: no request of anybody, and nothing that is told. */
import { type Person, whoOf } from '../auth/accounts.ts';
import type { Represented } from '../auth/records.ts';
import { callerOf } from '../consent/caller.ts';
import { standingOf } from '../consent/link.ts';
import type { Subject } from '../consent/subject.ts';
import { Access } from '../enforcement/access.ts';
import type { PolicySource, ResourceStore } from '../enforcement/ports.ts';
import { parseJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/resource.ts';

export interface Connecting {
  /** The Consent of a connection is in force, and who gave it may give it still. @param consent `Consent/x` */
  stands(consent: string): Promise<boolean>;
  /** For whom this person speaks by law, now. */
  represented(person: Person): Promise<Represented[]>;
}

/** Of one person. */
const MOST_LINKS = 50;

export function connecting(port: ResourceStore, policies: PolicySource): Connecting {
  const read = async (access: Access, type: string, id: string): Promise<Resource | undefined> => {
    const found = await port.get(access, type, id);
    return found === undefined || found.method === 'DELETE' ? undefined : (parseJson(found.body) as Resource);
  };
  /** The space is open, and who connected it is the patient, or speaks for them still. */
  const isSpokenFor = async ({ patient: of, performer }: Resource): Promise<boolean> => {
    const patient = patientIn(of);
    if (patient === undefined) return false;
    const { policy } = (await policies.policies([patient])).get(patient)!;
    const [{ reference = '' } = {}] = (performer ?? []) as { reference?: string }[];
    if (!policy.open || !reference.startsWith('RelatedPerson/')) return policy.open;
    const caller = callerOf({ ...LINKED, reference, depositor: reference });
    return standingOf(policy, caller, Date.now()).is === 'representative';
  };
  return {
    async stands(consent) {
      const access = Access.internal('whether the connection of an app still stands');
      const found = await read(access, 'Consent', consent.slice('Consent/'.length));
      const { end } = ((found?.provision as Resource | undefined)?.period ?? {}) as { end?: string };
      const isInForce = found?.status === 'active' && (end === undefined || Date.now() < Date.parse(end));
      return isInForce && isSpokenFor(found);
    },
    async represented(person) {
      const access = Access.internal('for whom somebody speaks');
      const subject: Subject = { ...whoOf(person), ...NOTHING_MORE, depositor: person.reference };
      const found: Represented[] = [];
      for (const link of person.related.slice(0, MOST_LINKS)) {
        const related = await read(access, 'RelatedPerson', link.slice('RelatedPerson/'.length));
        const patient = patientIn(related?.patient);
        if (patient === undefined) continue;
        const { policy } = (await policies.policies([patient])).get(patient)!;
        const { is, because } = standingOf(policy, callerOf(subject), Date.now());
        if (!policy.open || is !== 'representative' || !because[0]?.startsWith(`${link}/`)) continue;
        const gate = Access.of(subject, policies, Date.now, () => {});
        const name = nameOf(await read(gate, 'Patient', patient));
        found.push({ patient, link, ...(name === undefined ? {} : { name }) });
      }
      return found;
    },
  };
}

/** Logical id, where it is named by a literal reference. */
function patientIn(named: unknown): string | undefined {
  const { reference = '' } = (named ?? {}) as { reference?: string };
  return /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(reference)?.[1];
}

const NOTHING_MORE = {
  emergencies: [],
  rights: [],
  idPrefixes: [],
  client: 'carnet',
  scopes: [{ context: 'patient' as const, type: 'Patient', interactions: 'rs' }],
};

const LINKED = {
  ...NOTHING_MORE,
  role: 'representative' as const,
  related: [],
  organizations: [],
  purposes: [],
  regulator: false,
};

function nameOf(patient: Resource | undefined): string | undefined {
  const names = (patient?.name ?? []) as { use?: string; given?: string[]; family?: string; text?: string }[];
  const name = names.find(({ use }) => use === 'usual') ?? names[0];
  const text = name?.text ?? [name?.given?.[0], name?.family].filter(Boolean).join(' ');
  return text === '' ? undefined : text;
}
