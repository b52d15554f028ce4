/** The date that a type is listed by, chosen from its search parameters: it sits in the indexes. */
import { definitionsOf } from '../../search/definitions.ts';

const PREFERENCE = [
  'date',
  'authoredon',
  'authored-on',
  'authored',
  'period',
  'recorded-date',
  'recorded',
  'sent',
  'start',
  'started',
  'issued',
  'created',
  'collected',
  'effective-time',
];

const chosen = new Map<string, string | undefined>();

export function primaryDate(type: string): string | undefined {
  if (!chosen.has(type)) {
    chosen.set(
      type,
      PREFERENCE.find((param) => definitionsOf(type).get(param)?.type === 'date'),
    );
  }
  return chosen.get(type);
}
