/** Traces of other systems: marked as such, and never taken for this server's own. docs/audit.md#traces-of-other-systems */
import { MORE, factsOf } from '../fhir/facts.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Coding, Json, Resource } from '../fhir/resource.ts';

export const ORIGIN = 'https://carnet.example/fhir/CodeSystem/trace-origin';
export const DEPOSITED: Coding = { system: ORIGIN, code: 'deposited' };

/**
 * The event with its mark, whatever it says of itself.
 * @param base address of this server, which its own traces name as their source
 * @throws FhirError 422 for one that names it too, or that names too much
 */
export function asDeposited(event: Resource, base: string): Resource {
  const { observer } = (event.source ?? {}) as { observer?: Json };
  if (JSON.stringify(observer ?? {}).includes(base)) {
    throw new FhirError(
      'business-rule',
      'a trace of another system names another `source` than this server',
      {
        expression: 'AuditEvent.source.observer',
      },
    );
  }
  if (factsOf(event, base).about.includes(MORE))
    throw new FhirError(
      'business-rule',
      'a trace names so much that its patient could not be told of it: deposit several',
    );
  const tags = (event.meta?.tag ?? []).filter(({ system }) => system !== ORIGIN);
  return { ...event, meta: { ...event.meta, tag: [...tags, DEPOSITED] } };
}
