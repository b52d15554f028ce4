/** What names what, at any depth, as far as it decides whether what names something hidden is hidden with it. */
import type { Attributes } from '../condition/condition.ts';
import { MORE } from '../fhir/facts.ts';
import { WHOLE } from '../fhir/whole.ts';
import { isNobodys } from './query/narrowing.ts';

/** Lists of Lists: what lies deeper is taken for hidden. */
const DEPTH = 8;
/** Names that one resource leads to: with more it is taken for hidden. */
const MOST = 10_000;

export interface Look {
  key: string;
  facts: Attributes;
  given: boolean;
  /** The caller deposited it, so nothing that it names hides it. */
  own: boolean;
}

interface Node {
  names: readonly string[];
  given: boolean;
}

/** What was never there hides nothing. */
const ABSENT: Node = { names: [], given: true };

/**
 * Whether each of these names nothing hidden, nor anything that is hidden for what it names itself.
 * @param look answers of these keys those that are or were
 */
export async function judge(
  items: readonly Attributes[],
  look: (keys: readonly string[]) => Promise<Look[]>,
): Promise<boolean[]> {
  const known = new Map<string, Node>();
  let level = items.map(namesIn);
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const keys = [...new Set(level.flat())].filter((key) => key !== MORE && !known.has(key));
    if (keys.length === 0) break;
    if (known.size + keys.length > MOST) {
      // INVARIANT: what one of them leads to says nothing of another
      return items.length === 1 ? [false] : halved(items, look);
    }
    const found = new Map((await look(keys)).map((each) => [each.key, each]));
    level = [];
    for (const key of keys) {
      const at = found.get(key);
      if (at === undefined) {
        known.set(key, ABSENT);
        continue;
      }
      const leads = WHOLE.has(at.facts.type) || at.facts.type === 'AuditEvent';
      const names = at.given && !at.own && leads ? namesIn(at.facts) : [];
      known.set(key, { names, given: at.given });
      level.push(names);
    }
  }
  return items.map((item) => !leadsToHidden(namesIn(item), known));
}

async function halved(
  items: readonly Attributes[],
  look: (keys: readonly string[]) => Promise<Look[]>,
): Promise<boolean[]> {
  const half = Math.ceil(items.length / 2);
  return [...(await judge(items.slice(0, half), look)), ...(await judge(items.slice(half), look))];
}

/** INVARIANT: a bounded number of steps from here, whatever else is known. */
function leadsToHidden(names: readonly string[], known: ReadonlyMap<string, Node>): boolean {
  const seen = new Set<string>();
  let level = names;
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const fresh = level.filter((name) => !seen.has(name));
    if (fresh.length === 0) return false;
    level = [];
    for (const name of new Set(fresh)) {
      const node = known.get(name);
      if (node?.given !== true) return true;
      seen.add(name);
      level = level.concat(node.names);
    }
  }
  return level.some((name) => !seen.has(name));
}

/** Without the patients whose data it is, and what is nobody's: whoever may be given it may know of them. */
function namesIn({ about, patients }: Attributes): string[] {
  return about.filter((name) => {
    const [type = '', id = ''] = name.split('/');
    return type === 'Patient' ? !patients.includes(id) : !isNobodys(type);
  });
}
