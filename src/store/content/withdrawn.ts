/** Who is told that malware was found in content: by the documents that give it, each judged by the gate when it is told. */
import { locationOf } from '../../fhir/content/attachment.ts';
import { UNKNOWN_PATIENT } from '../../fhir/subjects.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';
import type { Entered } from '../outgoing/outbox.ts';
import type { Terms } from '../terms.ts';

/** Documents that name one content. */
const MOST = 200;

/** A row for each patient of each document of its depositor that names it; of the content itself where none does. */
export async function withdrawnWith(
  { resources }: Database,
  terms: Terms,
  binary: Pick<Doc, '_id' | 'by' | 'patient' | 'others'>,
  at: number,
): Promise<Entered[]> {
  const { _id: rid, by } = binary;
  const documents = await resources
    .find(
      { ids: terms.of(locationOf(rid)), type: 'DocumentReference', by },
      { projection: { _id: 1, patient: 1, others: 1 }, limit: MOST, hint: 'ids_type_date' },
    )
    .toArray();
  const withdrawn = documents.length > 0 ? documents : [binary];
  return withdrawn.flatMap(({ _id, patient, others = [] }) =>
    [patient, ...others]
      .filter((each) => each !== '' && each !== UNKNOWN_PATIENT)
      .map((each): Entered => {
        const kind = 'document-unsafe';
        return { at, patient: each, cause: { cause: 'account', kind, depositor: by, about: [_id] } };
      }),
  );
}
