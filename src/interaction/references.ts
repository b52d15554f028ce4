/** References that are a search, in a transaction: https://hl7.org/fhir/R4/http.html#trules */
import type { PlannedEntry } from '../fhir/bundle.ts';
import { conditionalReferences } from '../fhir/links.ts';
import { FhirError } from '../fhir/outcome.ts';
import { findOne } from './condition.ts';
import type { Context } from './context.ts';
import { blaming } from './entry-fault.ts';
import type { Exchange } from './exchange.ts';

/** National identifiers of patients: a deposit may name its patient by them. */
const NATIONAL = /^urn:oid:1\.2\.250\.1\.213\.1\.4\.(2|8|9|10|11)$/;

/** Exactly one match, or the transaction fails. */
export async function resolveReferences(
  context: Context,
  exchange: Exchange,
  entries: readonly PlannedEntry[],
): Promise<void> {
  const known = new Map<string, string>();
  for (const entry of entries) {
    const { resource, index } = entry;
    if (resource === undefined) continue;
    for (const { query, set } of conditionalReferences(resource)) {
      const reference =
        known.get(query) ?? (await referenceTo(context, exchange, query).catch(blaming(entry)));
      if (reference === undefined) {
        throw new FhirError('business-rule', `the reference \`${query.slice(0, 200)}\` matches nothing`, {
          expression: `Bundle.entry[${index}].resource`,
        });
      }
      known.set(query, reference);
      set(reference);
    }
  }
}

async function referenceTo(context: Context, exchange: Exchange, query: string): Promise<string | undefined> {
  const mark = query.indexOf('?');
  const type = query.slice(0, mark);
  if (!context.types.has(type)) throw new FhirError('not-supported', `type \`${type}\` is not served`);
  const condition = query.slice(mark + 1);
  if (type === 'Patient') {
    const [name, value, ...rest] = [...new URLSearchParams(condition)].flat();
    const [system = '', number = ''] = (value ?? '').split('|', 2);
    if (name === 'identifier' && rest.length === 0 && NATIONAL.test(system)) {
      const id = await exchange.store.patientWith(system, number);
      return id === undefined ? undefined : `Patient/${id}`;
    }
  }
  const { found } = await findOne(context, exchange, type, condition);
  return found === undefined ? undefined : `${type}/${found.id}`;
}
