/** Professions by their code of TRE_G15, as a sentence has them: https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante */
import type { Words } from '../../consent/reasons.ts';

export const PROFESSIONS: Readonly<Record<string, Words>> = {
  '10': { fr: 'médecin', en: 'physician' },
  '21': { fr: 'pharmacien', en: 'pharmacist' },
  '26': { fr: 'audioprothésiste', en: 'hearing aid specialist' },
  '28': { fr: 'opticien-lunetier', en: 'optician' },
  '40': { fr: 'dentiste', en: 'dentist' },
  '50': { fr: 'sage-femme', en: 'midwife' },
  '60': { fr: 'infirmier', en: 'nurse' },
  '69': { fr: 'infirmier psychiatrique', en: 'psychiatric nurse' },
  '70': { fr: 'masseur-kinésithérapeute', en: 'physiotherapist' },
  '80': { fr: 'pédicure-podologue', en: 'podiatrist' },
  '81': { fr: 'orthoprothésiste', en: 'orthotist' },
  '82': { fr: 'podo-orthésiste', en: 'foot orthotist' },
  '83': { fr: 'orthopédiste-orthésiste', en: 'orthopaedic technician' },
  '84': { fr: 'oculariste', en: 'ocularist' },
  '85': { fr: 'épithésiste', en: 'anaplastologist' },
  '86': { fr: 'technicien de laboratoire médical', en: 'medical laboratory technician' },
  '91': { fr: 'orthophoniste', en: 'speech therapist' },
  '92': { fr: 'orthoptiste', en: 'orthoptist' },
  '93': { fr: 'psychologue', en: 'psychologist' },
  '94': { fr: 'ergothérapeute', en: 'occupational therapist' },
  '95': { fr: 'diététicien', en: 'dietitian' },
  '96': { fr: 'psychomotricien', en: 'psychomotor therapist' },
  '98': { fr: 'manipulateur ERM', en: 'radiographer' },
};
