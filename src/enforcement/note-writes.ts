/** What is written, noted for its traces: each with what it is told with. */
import type { Access } from './access.ts';
import { labelsWith, toldWith } from './beside.ts';
import type { Notes, Written } from './notes.ts';
import type { Change } from './ports.ts';

/** @param base of this server */
export function noteWrites(notes: Notes, access: Access, changes: readonly Change[], base: string): void {
  for (const change of changes) {
    const { type, id, by, resource, previous } = change;
    const owner = toldWith(change, changes, base);
    const { patients, unshown } = owner;
    const labels = labelsWith(owner, changes, base);
    const hidden = access.hides({ ...owner, labels }) ? 0 : undefined;
    const contentOf = owner === change ? undefined : `${owner.type}/${owner.id}`;
    notes.wrote(
      { type, id, by, patients, labels, unshown, hidden, contentOf, resource, body: previous?.body },
      didOf(change),
      access.standings.groundsOfWrite(change),
    );
  }
}

/** A PUT to an id that nothing has creates. */
function didOf({ method, previous }: Change): Written['did'] {
  if (method === 'DELETE') return 'D';
  return previous === undefined || previous.method === 'DELETE' ? 'C' : 'U';
}
