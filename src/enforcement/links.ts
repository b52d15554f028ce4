/** Which of what a search gives refers to which: what an `_include` brought came along with those. */
import { nameOf } from './insight.ts';
import type { Shown } from './ports.ts';

type Linked = Pick<Shown, 'type' | 'id' | 'refs'>;

/**
 * @param matches with what they refer to, `author=Practitioner/x` @param included the same
 * @returns of what was included the matches that refer to it or that it refers to; if there are none, what was included does
 */
export function links(matches: readonly Linked[], included: readonly Linked[]): (of: Linked) => string[] {
  const all = [...matches, ...included];
  const known = new Map(all.map((each) => [nameOf(each), new Set<string>()]));
  for (const each of all) {
    const name = nameOf(each);
    for (const ref of each.refs ?? []) {
      const to = ref.slice(ref.indexOf('=') + 1);
      if (to === name || !known.has(to)) continue;
      known.get(to)!.add(name);
      known.get(name)!.add(to);
    }
  }
  const names = new Set(matches.map(nameOf));
  return (of) => {
    const found = [...(known.get(nameOf(of)) ?? [])];
    const direct = found.filter((name) => names.has(name));
    if (direct.length > 0) return direct;
    // by a canonical address, or by what another contains: any of them may have led to it
    return found.length > 0 ? found : [...names];
  };
}
