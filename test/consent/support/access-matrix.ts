/** Who is given what, as a text to read: every caller by document class, by what hides it, and by mode. */
import type { Resource } from '../../../src/fhir/resource.ts';
import { BY, HIDING, MODES, RESOURCES, WORLD } from './access-matrix-world.ts';
import { decisions } from './engine.ts';
import type { ReferenceCaller } from './reference-words.ts';

const WIDTH = 5;
const LINE = 118;
/** So many that are alike are told by who isn't among them. */
const MANY = 10;

export function accessMatrix(): string {
  const sections = Object.entries(MODES).flatMap(([mode, { callers, more }]) => {
    const alike = grouped(Object.keys(HIDING), (hiding) => table(hiding, callers, more));
    return [...alike].map(([text, hidings]) => `## ${mode}: ${hidings.join(', ')}\n\n${text}`);
  });
  const legend = Object.entries(HIDING).map(([name, { means }]) => `- ${name}: ${means}`);
  const names = wrapped(Object.keys(MODES.treatment!.callers), 0);
  return `${[ABOUT, legend.join('\n'), `Callers: ${names}`, ...sections].join('\n\n')}\n`;
}

/** Callers who are given the same stand in one row. */
function table(
  hiding: string,
  callers: Record<string, ReferenceCaller>,
  more: Partial<ReferenceCaller>,
): string {
  const { said, labels = [], hiddenSince } = HIDING[hiding]!;
  const alike = grouped(Object.keys(callers), (name) => {
    const decide = decisions({ ...WORLD, ...said, caller: { ...callers[name]!, ...more } });
    const decided = Object.entries(RESOURCES).map(([name, plain]) => {
      const resource = { ...plain, meta: { security: labels } } as Resource;
      const { effect, line } = decide({ resource, by: BY[name] ?? WORLD.by, hiddenSince });
      return `${effect === 'permit' ? '+' : '-'}${line}`;
    });
    return cells(decided);
  });
  const most = [...alike].filter(([, names]) => names.length > MANY);
  const rest = most.length === 1 ? most[0]![0] : undefined;
  const lines = [...alike]
    .filter(([row]) => row !== rest)
    .map(([row, names]) => `${row}  ${wrapped(names, row.length + 2)}`);
  const last = rest === undefined ? [] : [`${rest}  all others`];
  return [cells(Object.keys(RESOURCES)), ...lines, ...last].join('\n');
}

/** Names by their text. */
function grouped(names: readonly string[], textOf: (name: string) => string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const text = textOf(name);
    found.set(text, [...(found.get(text) ?? []), name]);
  }
  return found;
}

const cells = (values: readonly string[]): string => values.map((value) => value.padEnd(WIDTH)).join('');

/** Names, in lines that stand below one another. */
function wrapped(names: readonly string[], indent: number): string {
  const lines = [''];
  for (const [index, each] of names.entries()) {
    const name = index < names.length - 1 ? `${each};` : each;
    const line = lines.at(-1)!;
    if (line !== '' && indent + line.length + name.length >= LINE) lines.push(name);
    else lines[lines.length - 1] = line === '' ? name : `${line} ${name}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

const ABOUT = `# Who is given what

By the engine, with the French rules: + given, - not given, and the line of conformance/consent-rules.md that decides.
Columns: documents by their class (TRE_A03), a prescription of lenses by its type; an Observation of an encounter, a
Composition, the Patient, an AuditEvent of another system, a trace of what was granted here. The patient permits every professional for treatment, names those who are
"named", and denies one by name.

Compared by test/consent/access-matrix.test.ts. After a change that is meant, write it anew by
GOLDEN=write npm test -- test/consent/access-matrix
and read the difference.`;
