/**
 * What Pro Santé Connect says of a professional. Pure.
 * https://industriels.esante.gouv.fr/produits-et-services/pro-sante-connect/documentation-technique
 */
import type { UpstreamBounds } from '../upstream.ts';

/** Who practises: a national number, and where they do what. */
export interface Professional {
  /** Eleven digits. */
  rpps: string;
  family: string;
  given: string;
  /** In the order of the claims; at least one. */
  situations: readonly Situation[];
  /** Answers for an emergency call centre, by the provider's own claim. */
  regulator: boolean;
}

export interface Situation {
  /** A code of TRE_G15. */
  profession: string;
  /** A code of TRE_R38. */
  specialty?: string;
  /** A code of TRE_R02. */
  setting?: string;
  /** Absent: it names none, or none that can be told from others. */
  structure?: Structure;
}

export interface Structure {
  /** FINESS, SIRET or SIREN as the national identifier of structures has them: a digit says which. */
  national?: string;
  /** That of the directory, where there is no other. */
  technical?: string;
  name?: string;
}

type Json = Record<string, unknown>;

const MOST = 20;
/** A 8 before it says that it is an RPPS number. */
const RPPS = /^8(\d{11})$/;

/** Undefined: it is nobody with an RPPS number, or nobody within the bounds. */
export function professionalIn(claims: Json, bounds: UpstreamBounds): Professional | undefined {
  const [, rpps] = RPPS.exec(text(claims.SubjectNameID)) ?? [];
  const [family, given] = [text(claims.family_name), text(claims.given_name)];
  const situations = distinct(situationsIn(claims).filter((each) => isWithin(each, bounds))).slice(0, MOST);
  if (rpps === undefined || family === '' || situations.length === 0) return undefined;
  const regulator = bounds.regulator && claims.Acces_Regulation_Medicale === 'VRAI';
  return { rpps, family, given, situations, regulator };
}

function situationsIn(claims: Json): Situation[] {
  return items(object(claims.SubjectRefPro).exercices).flatMap((practice) => {
    const profession = code(practice.codeProfession, /^\d{2}$/);
    if (profession === undefined) return [];
    const specialty = practice.codeTypeSavoirFaire === 'S' ? code(practice.codeSavoirFaire) : undefined;
    const common = { profession, ...(specialty === undefined ? {} : { specialty }) };
    const activities = items(practice.activities);
    // who has no place to practise at is a professional all the same
    if (activities.length === 0) return [common];
    return activities.map((activity) => {
      const setting = code(activity.codeSecteurDactivite);
      const structure = structureIn(activity);
      return {
        ...common,
        ...(setting === undefined ? {} : { setting }),
        ...(structure === undefined ? {} : { structure }),
      };
    });
  });
}

function structureIn(activity: Json): Structure | undefined {
  const national = nationalIn(activity);
  const technical = code(activity.identifiantTechniqueDeLaStructure, /^[A-Z0-9]{1,20}$/i);
  if (national === undefined && technical === undefined) return undefined;
  const name = text(activity.raisonSocialeSite);
  return {
    ...(national === undefined ? { technical: technical! } : { national }),
    ...(name === '' ? {} : { name }),
  };
}

function nationalIn(activity: Json): string | undefined {
  const finess = code(activity.numeroFinessSite, /^[0-9AB]{9}$/);
  if (finess !== undefined) return `1${finess}`;
  const siret = code(activity.numeroSiretSite, /^\d{14}$/);
  if (siret !== undefined) return `3${siret}`;
  const siren = code(activity.numeroSirenSite, /^\d{9}$/);
  return siren === undefined ? undefined : `2${siren}`;
}

/** What is claimed beyond them is no claim at all. */
function isWithin(
  { profession, structure }: Situation,
  { professions, organizations }: UpstreamBounds,
): boolean {
  return (
    (professions === undefined || professions.includes(profession)) &&
    (organizations === undefined ||
      (structure?.national !== undefined && organizations.includes(structure.national)))
  );
}

function distinct(situations: readonly Situation[]): Situation[] {
  const keyOf = ({ profession, structure }: Situation): string =>
    `${profession} ${structure?.national ?? structure?.technical ?? ''}`;
  return [
    ...new Map(situations.map((each) => [keyOf(each), each] as const).toReversed()).values(),
  ].toReversed();
}

function code(value: unknown, pattern = /^[A-Z0-9]{1,20}$/i): string | undefined {
  const found = text(value);
  return pattern.test(found) ? found : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim().slice(0, 200) : '';
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function items(value: unknown): Json[] {
  return Array.isArray(value) ? value.slice(0, 100).map(object) : [];
}
