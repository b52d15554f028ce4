/** Claims as Pro Santé Connect and FranceConnect+ send them, of nobody who exists. */

export interface Activity {
  finess?: string;
  technical?: string;
  name?: string;
  setting?: string;
}

/** https://industriels.esante.gouv.fr/produits-et-services/pro-sante-connect/documentation-technique */
export function pscClaims({
  number = '899700000013',
  profession = '10',
  given = 'Sophie',
  family = 'Lambert',
  regulator = false,
  activities = [{ finess: '990000069', name: 'Maison de santé des Peupliers', setting: 'SA07' }],
}: {
  number?: string;
  profession?: string;
  given?: string;
  family?: string;
  regulator?: boolean;
  activities?: Activity[];
} = {}): Record<string, unknown> {
  return {
    SubjectNameID: number,
    given_name: given,
    family_name: family,
    Acces_Regulation_Medicale: regulator ? 'VRAI' : 'FAUX',
    SubjectRefPro: {
      codeCivilite: 'MME',
      exercices: [
        {
          codeProfession: profession,
          codeCategorieProfessionnelle: 'C',
          codeTypeSavoirFaire: 'S',
          codeSavoirFaire: 'SM26',
          activities: activities.map(({ finess = '', technical = '', name = '', setting = '' }) => ({
            codeModeExercice: 'L',
            codeSecteurDactivite: setting,
            numeroSiretSite: '',
            numeroSirenSite: '',
            numeroFinessSite: finess,
            identifiantTechniqueDeLaStructure: technical,
            raisonSocialeSite: name,
          })),
        },
      ],
    },
  };
}

/** https://docs.partenaires.franceconnect.gouv.fr/fs/fs-technique/fs-technique-scope-fc/ */
export function fcClaims(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    family_name: 'DURAND',
    given_name: 'Claire Anne Marie',
    birthdate: '1988-09-17',
    gender: 'female',
    birthplace: '38185',
    birthcountry: '99100',
    email: 'nobody@example.org',
    ...more,
  };
}
