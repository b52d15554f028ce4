/** `Location?near`, the one special parameter that R4's types have: https://hl7.org/fhir/R4/location.html#search */
import type { Resource } from '../../fhir/resource.ts';
import { all } from '../filter.ts';
import type { Kind, Parameter } from '../parameter.ts';
import { refuse, shown, split, unescape } from '../value.ts';

/** Kilometres in one. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['km', 1],
  ['m', 0.001],
  ['[mi_us]', 6336 / 3937],
]);
/** Kilometres, where no distance is given. */
const DISTANCE = 10;
/** Kilometres: the mean radius of the earth. */
const RADIUS = 6371.0088;
const DEGREE = Math.PI / 180;

interface Place {
  latitude: number;
  longitude: number;
}

export const special: Kind = {
  modifiers: ['missing'],
  index() {},
  parse({ parameter, value }) {
    const { code } = parameter;
    const parts = split(value, '|').map(unescape);
    const [latitude, longitude, distance = '', unit = ''] = parts;
    const kilometres = UNITS.get(unit);
    const place = { latitude: decimal(latitude, 90), longitude: decimal(longitude, 180) };
    const reach = distance === '' ? DISTANCE : decimal(distance, Number.MAX_VALUE) * (kilometres ?? NaN);
    const understood = parts.length <= 4 && kilometres !== undefined && reach >= 0;
    if (!understood || Number.isNaN(place.latitude + place.longitude)) {
      return refuse(
        `${shown(value)} is no place for ${shown(code)}: allowed is latitude|longitude|distance|units, in \`km\`, \`m\` or \`[mi_us]\``,
      );
    }
    return all([
      { op: 'term', terms: [`${code}:present`] },
      {
        op: 'scan',
        about: code,
        test: (resource) => placesOf(parameter, resource).some((each) => apart(each, place) <= reach),
      },
    ]);
  },
};

function decimal(text: string | undefined, most: number): number {
  const value = /^-?\d{1,9}(\.\d{1,20})?$/.test(text ?? '') ? Number(text) : NaN;
  return Math.abs(value) <= most ? value : NaN;
}

function placesOf({ select }: Parameter, resource: Resource): Place[] {
  return select(resource, resource)
    .map(({ value }) => value as Place)
    .filter(({ latitude, longitude }) => Number.isFinite(latitude) && Number.isFinite(longitude));
}

/** Kilometres along the surface, by the haversine formula. */
function apart(a: Place, b: Place): number {
  const across = Math.sin(((b.latitude - a.latitude) * DEGREE) / 2) ** 2;
  const along = Math.sin(((b.longitude - a.longitude) * DEGREE) / 2) ** 2;
  const half = across + Math.cos(a.latitude * DEGREE) * Math.cos(b.latitude * DEGREE) * along;
  return 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(half)));
}
