/** The operator's list of OpenID providers, and what claims come to. */
import { newCode, bareCode } from '../../src/auth/activation.ts';
import { traitsClaimed } from '../../src/auth/claims/franceconnect.ts';
import { professionalIn } from '../../src/auth/claims/pro-sante-connect.ts';
import { upstreamsIn } from '../../src/auth/upstream.ts';
import { birthPlacesOf } from '../../src/fhir/identity.ts';
import { fcClaims, pscClaims } from '../oauth/support/claims.ts';

const PSC = {
  id: 'psc',
  claims: 'pro-sante-connect',
  issuer: 'https://psc.example',
  client: { id: 'carnet', secret: 'do not tell' },
};
const FC = {
  id: 'fc',
  claims: 'franceconnect',
  issuer: 'https://fc.example',
  client: { id: 'carnet', auth: 'private_key_jwt' },
};
const ANY = { regulator: true };

it('an entry is what its kind is, unless it says otherwise', () => {
  const [psc, fc] = upstreamsIn(JSON.stringify([{ ...PSC, acr: ['eidas2'] }, FC]));
  expect(psc).toMatchObject({ name: 'Pro Santé Connect', acr: ['eidas2'], bounds: { regulator: false } });
  expect(psc).not.toHaveProperty('encryption');
  expect(fc).toMatchObject({
    name: 'FranceConnect+',
    acr: ['eidas2', 'eidas3'],
    userinfo: 'ES256',
    encryption: 'ECDH-ES',
  });
  const [bare] = upstreamsIn(JSON.stringify([{ ...FC, encryption: 'none' }]));
  expect(bare).not.toHaveProperty('encryption');
});

it.each<[string, unknown, string]>([
  ['no list', {}, 'list'],
  ['the same twice', [PSC, PSC], 'twice'],
  ['an unknown field', [{ ...PSC, isuser: 'x' }], '`isuser`'],
  ['an unknown kind', [{ ...PSC, claims: 'other' }], 'one of pro-sante-connect, franceconnect'],
  ['an issuer in clear', [{ ...PSC, issuer: 'http://psc.example' }], '`https`'],
  ['an issuer with a password', [{ ...PSC, issuer: 'https://a:b@psc.example' }], '`https`'],
  ['no secret', [{ ...PSC, client: { id: 'carnet' } }], '`[0].client.secret`'],
  ['a shared algorithm', [{ ...PSC, idToken: 'HS256' }], 'RS256, ES256, PS256'],
  ['no signature', [{ ...PSC, idToken: 'none' }], 'RS256, ES256, PS256'],
  ['no level', [{ ...PSC, acr: [] }], 'at least one'],
  ['a name that leads elsewhere', [{ ...PSC, id: '../x' }], '`[0].id`'],
  ['bounds that are none', [{ ...PSC, bounds: { regulator: 'yes' } }], '`true` or `false`'],
])('%s is refused, and no secret repeated', (_, value, said) => {
  const message = (): unknown => {
    try {
      return upstreamsIn(JSON.stringify(value));
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(message()).toContain(said);
  expect(message()).not.toContain('do not tell');
});

it('a professional is who has an RPPS number and a profession, with each place where they practise', () => {
  const twice = { finess: '990000069', name: 'Here', setting: 'SA07' };
  const claims = pscClaims({
    activities: [twice, { ...twice, name: 'Again' }, { technical: 'R1', name: 'There' }],
  });
  expect(professionalIn(claims, ANY)).toEqual({
    rpps: '99700000013',
    family: 'Lambert',
    given: 'Sophie',
    regulator: false,
    situations: [
      {
        profession: '10',
        specialty: 'SM26',
        setting: 'SA07',
        structure: { national: '1990000069', name: 'Here' },
      },
      { profession: '10', specialty: 'SM26', structure: { technical: 'R1', name: 'There' } },
    ],
  });
});

it.each<[string, Record<string, unknown>]>([
  ['a number of the old register', pscClaims({ number: '0123456789' })],
  ['a number that is too long', pscClaims({ number: '8997000000130' })],
  ['a list in place of the number', { ...pscClaims(), SubjectNameID: ['899700000013'] }],
  ['no name', pscClaims({ family: ' ' })],
  ['a profession that is no code', pscClaims({ profession: '10,40' })],
  ['practices that are no list', { ...pscClaims(), SubjectRefPro: { exercices: 'x' } }],
  ['nothing', {}],
])('with %s nobody is one', (_, claims) => {
  expect(professionalIn(claims, ANY)).toBeUndefined();
});

it('a regulator is who the claim says is one, word for word, where the provider may say so', () => {
  const says = (value: unknown, bounds = ANY) =>
    professionalIn({ ...pscClaims(), Acces_Regulation_Medicale: value }, bounds)?.regulator;
  expect(['VRAI', 'FAUX', 'vrai', true, 'true', undefined].map((each) => says(each))).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(says('VRAI', { regulator: false })).toBe(false);
});

it('five traits are five, or none', () => {
  const all = {
    family: 'DURAND',
    given: 'Claire',
    birthDate: '1988-09-17',
    gender: 'female',
    birthPlace: '38185',
  };
  expect(traitsClaimed(fcClaims())).toEqual(all);
  expect(traitsClaimed(fcClaims({ birthplace: '', birthcountry: '99132' }))?.birthPlace).toBe('99132');
  expect(traitsClaimed(fcClaims({ given_name_array: ['Claire Anne', 'Marie'] }))?.given).toBe('Claire Anne');
  for (const missing of ['family_name', 'given_name', 'birthdate', 'gender'])
    expect([missing, traitsClaimed(fcClaims({ [missing]: undefined }))]).toEqual([missing, undefined]);
  for (const odd of [
    { birthplace: '', birthcountry: '' },
    { birthdate: '1988-09-00' },
    { gender: 'other' },
    { birthplace: ['38185'], birthcountry: null },
  ])
    expect([odd, traitsClaimed(fcClaims(odd))]).toEqual([odd, undefined]);
});

it('the place of birth is the recorded one, else that of the number', () => {
  const numbered = (value: string) => ({
    resourceType: 'Patient',
    identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.11', value }],
  });
  expect(birthPlacesOf(numbered('288093818510021'))).toEqual(['38185']);
  expect(birthPlacesOf(numbered('253032A00403301'))).toEqual(['2A004']);
  expect(birthPlacesOf(numbered('12345'))).toEqual([]);
  const extension = [
    {
      url: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
      valueAddress: {
        extension: [
          {
            url: 'https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code',
            valueCoding: { code: '75056' },
          },
        ],
      },
    },
  ];
  expect(birthPlacesOf({ ...numbered('288093818510021'), extension })).toEqual(['75056']);
});

it('a code is read as people write it', () => {
  const code = newCode();
  expect(bareCode(` ${code.toLowerCase().replaceAll('-', ' ')}`)).toBe(code.replaceAll('-', ''));
  expect(new Set(Array.from({ length: 100 }, newCode)).size).toBe(100);
});
