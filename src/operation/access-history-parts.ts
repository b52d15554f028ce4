/** What the parts of an access history have alike, by visit and by person. */
import type { Who } from '../audit/history/happening.ts';
import type { Clock } from '../audit/history/when.ts';
import { named } from '../audit/history/words.ts';
import type { Json } from '../fhir/resource.ts';

export function whoOf({ reference, name, is, profession, organization }: Who, { language }: Clock): Json[] {
  const whom = {
    ...(reference === undefined ? {} : { reference }),
    display: name ?? named({ is }, language),
  };
  return [
    { name: 'who', valueReference: whom },
    { name: 'is', valueCode: is },
    ...(profession === undefined ? [] : [{ name: 'profession', valueCode: profession }]),
    ...(organization?.reference === undefined
      ? []
      : [
          {
            name: 'organization',
            valueReference: {
              reference: organization.reference,
              ...(organization.name === undefined ? {} : { display: organization.name }),
            },
          },
        ]),
  ];
}

export function instant(at: number): string {
  return new Date(at).toISOString();
}
