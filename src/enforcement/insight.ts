/**
 * What one who speaks for a patient may know of what others are given. INVARIANT: it is made of what the asker
 * may see alone, so what is hidden from them is absent here too: resources, Consents, and whom they lead to.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Attributes } from '../condition/condition.ts';
import { isShutOut } from '../consent/adding.ts';
import type { Caller } from '../consent/caller.ts';
import { type Decision, NOBODY, judge } from '../consent/lines.ts';
import { DECIDING, type Policy } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import { asFarAs } from '../consent/supposed.ts';
import { MORE } from '../fhir/facts.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { WHOLE } from '../fhir/whole.ts';
import type { Access } from './access.ts';
import type { ResourceStore } from './ports.ts';

/** Resources of one patient that are looked at. */
export const MOST_LOOKED_AT = 5000;
/** Consents and the like of one patient. */
const MOST_STATED = 20_000;
/** Decided in one go: others have their turn between. */
const AT_ONCE = 250;
/** In one query: it stays below 100 KB. */
const NAMED_AT_ONCE = 500;

/** A resource, and what is decided of it for somebody. */
export interface Sight {
  facts: Attributes;
  decision: Decision;
}

/** No line, but hidden as a whole with something that it names. */
export const WITH_OTHERS = 0;

export class Insight {
  readonly patient: string;
  readonly rules: Rules;
  readonly policy: Policy;
  readonly key: (term: string) => string;
  readonly #port: ResourceStore;
  readonly #access: Access;

  private constructor(port: ResourceStore, access: Access, policy: Policy) {
    this.patient = policy.patient;
    this.rules = port.policies.rules;
    this.policy = policy;
    this.key = (term) => port.policies.key(term);
    this.#port = port;
    this.#access = access;
  }

  /** Undefined: the caller is neither the patient nor their legal representative. */
  static async of(port: ResourceStore, access: Access, patient: string): Promise<Insight | undefined> {
    const { relations, mayAll } = await access.standings.towards([patient]);
    const speaks = relations.some((is) => is === 'patient' || is === 'representative');
    if (!speaks && !mayAll) return undefined;
    const stated = await port.attributes(access, { patient, types: DECIDING }, MOST_STATED);
    if (stated.length > MOST_STATED) throw tooMany(MOST_STATED, 'Consents');
    const seen = new Set(stated.map(nameOf));
    const { policy } = (await port.policies.policies([patient])).get(patient)!;
    return new Insight(
      port,
      access,
      asFarAs(policy, (name) => seen.has(name)),
    );
  }

  /** Whom these PractitionerRoles, CareTeams and Groups are; those that the asker may not see lead nowhere. */
  async named(names: readonly string[] = this.policy.names): Promise<Map<string, Resource>> {
    const found = await this.#port.readable(this.#access, names);
    return new Map(found.map((each) => [`${each.resourceType}/${each.id}`, each]));
  }

  /**
   * What the patient has, but traces.
   * @throws FhirError too-costly
   */
  async items(types: readonly string[], only?: readonly string[]): Promise<Attributes[]> {
    const of = { patient: this.patient, types: types.filter((type) => type !== 'AuditEvent'), only };
    const found = await this.#port.attributes(this.#access, of, MOST_LOOKED_AT);
    if (found.length > MOST_LOOKED_AT) throw tooMany(MOST_LOOKED_AT, 'resources');
    return found;
  }

  /** One of them with all that it leads to, as far as that decides. */
  async item(types: readonly string[], name: string): Promise<Attributes[]> {
    const found = new Map<string, Attributes>();
    let wanted = [name];
    while (wanted.length > 0) {
      if (found.size + wanted.length > MOST_LOOKED_AT) throw tooMany(MOST_LOOKED_AT, 'resources');
      const items: Attributes[] = [];
      for (let start = 0; start < wanted.length; start += NAMED_AT_ONCE) {
        items.push(...(await this.items(types, wanted.slice(start, start + NAMED_AT_ONCE))));
      }
      for (const item of items) found.set(nameOf(item), item);
      const names = items.filter(({ type }) => WHOLE.has(type)).flatMap(({ about }) => about);
      wanted = [...new Set(names)].filter((each) => each !== MORE && !found.has(each));
    }
    return [...found.values()];
  }

  /** What the caller would be given of these. */
  async sights(
    items: readonly Attributes[],
    caller: Caller,
    now: number,
    named: ReadonlyMap<string, Resource>,
    policy: Policy = this.policy,
  ): Promise<Sight[]> {
    const decide = isShutOut(policy, caller, named, now)
      ? () => NOBODY
      : judge(policy, caller, this.rules, now, named, this.key);
    const sights: Sight[] = [];
    for (let start = 0; start < items.length; start += AT_ONCE) {
      for (const facts of items.slice(start, start + AT_ONCE))
        sights.push({ facts, decision: decide(facts) });
      await turn();
    }
    return together(sights);
  }
}

/** A List, Composition, Bundle or Provenance that names something that isn't given isn't given either. */
function together(sights: readonly Sight[]): Sight[] {
  const hidden = new Set<string>();
  for (const { facts, decision } of sights) if (decision.effect === 'deny') hidden.add(nameOf(facts));
  const withOthers = new Set<Sight>();
  for (let before = -1; before < withOthers.size;) {
    before = withOthers.size;
    for (const sight of sights) {
      if (withOthers.has(sight) || !goesWith(sight, hidden)) continue;
      withOthers.add(sight);
      hidden.add(nameOf(sight.facts));
    }
  }
  return sights.map((sight) => (withOthers.has(sight) ? { facts: sight.facts, decision: TOGETHER } : sight));
}

const TOGETHER: Decision = { effect: 'deny', line: WITH_OTHERS, because: [], cited: [] };

/** Its depositor is given it whatever it names, and whoever is given it may know of its patients. */
function goesWith({ facts, decision: { effect, line } }: Sight, hidden: ReadonlySet<string>): boolean {
  if (effect === 'deny' || line === 3 || !WHOLE.has(facts.type)) return false;
  return facts.about.some(
    (name) =>
      name === MORE || (hidden.has(name) && !facts.patients.some((patient) => name === `Patient/${patient}`)),
  );
}

export function nameOf({ type, id }: Pick<Attributes, 'type' | 'id'>): string {
  return `${type}/${id}`;
}

function tooMany(most: number, what: string): FhirError {
  return new FhirError(
    'too-costly',
    `more than ${most} ${what} would have to be looked at: ask for one by \`resource\``,
  );
}
