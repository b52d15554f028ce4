/** An outside issuer whose tokens are believed, and the most that they may claim. Pure. */
import type { Role } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import { fieldsOf, httpsIn, listIn } from './reading.ts';

export interface Issuer {
  issuer: string;
  jwksUri: string;
  roles: Role[];
  /** `Organization/x`; absent: any. */
  organizations?: string[];
  /** Codes of PurposeOfUse; absent: none but TREAT and PATRQT. */
  purposes?: string[];
  /** May say that the glass was broken. */
  emergencies: boolean;
}

/** Who may ever come from outside: never the demo's `all`, nor who steers the catalogue. */
const ROLES = [
  'patient',
  'representative',
  'professional',
  'system',
  'app',
  'insurer',
  'employer',
  'authority',
] as const;

/** @throws FhirError 400 */
export function issuerIn(value: unknown): Issuer {
  const fields = fieldsOf(value, 'issuer', [
    'issuer',
    'jwksUri',
    'roles',
    'organizations',
    'purposes',
    'emergencies',
  ]);
  const roles = listIn(fields, 'roles', ROLES.length).map((role) => {
    const known = ROLES.find((each) => each === role);
    if (known === undefined)
      throw new FhirError('value', `\`roles\` are of: ${ROLES.join(', ')}`, { expression: 'roles' });
    return known;
  });
  const { emergencies = false } = fields;
  if (typeof emergencies !== 'boolean') {
    throw new FhirError('value', '`emergencies` is true or false', { expression: 'emergencies' });
  }
  return {
    issuer: httpsIn(fields['issuer'], 'issuer'),
    jwksUri: httpsIn(fields['jwksUri'], 'jwksUri'),
    roles: [...new Set(roles)],
    ...(fields['organizations'] === undefined
      ? {}
      : {
          organizations: matching(
            listIn(fields, 'organizations', 1000),
            /^Organization\/[A-Za-z0-9\-.]{1,64}$/,
            'organizations',
          ),
        }),
    ...(fields['purposes'] === undefined
      ? {}
      : { purposes: matching(listIn(fields, 'purposes', 50), /^[A-Z]{2,20}$/, 'purposes') }),
    emergencies,
  };
}

function matching(values: readonly unknown[], pattern: RegExp, name: string): string[] {
  return values.map((value) => {
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new FhirError('value', `\`${name}\` has an entry that doesn't fit`, { expression: name });
  });
}
