/** Whether what a caller was given before is theirs to be given now: a file of it was made meanwhile. */
import { isContentType } from '../fhir/content/attachment.ts';
import type { Access } from './access.ts';
import { contentFor, isContentGone } from './document-content.ts';
import type { ResourceStore } from './ports.ts';

const AT_ONCE = 500;

/** Nothing of these `Type/id` is hidden from the caller. */
export async function givesStill(
  port: ResourceStore,
  access: Access,
  names: readonly string[],
): Promise<boolean> {
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const asked = names.slice(at, at + AT_ONCE);
    const known = await port.knows(access, asked);
    for (const [index, name] of asked.entries())
      if (known[index] !== true && !(await givesContent(port, access, name))) return false;
  }
  return true;
}

/** What is nobody's by itself is given with its document, and tells nothing any more once it is deleted. */
async function givesContent(port: ResourceStore, access: Access, name: string): Promise<boolean> {
  const [type = '', id] = name.split('/');
  if (!isContentType(type) || id === undefined) return false;
  return (
    (await contentFor(port, access, [type, id], { byDocument: true })) !== undefined ||
    (await isContentGone(port, type, id))
  );
}
