/**
 * What a chain asks of contained resources: of the index where that can tell, else of their content.
 * https://hl7.org/fhir/R4/search.html#contained
 */
import type { Resource } from '../fhir/resource.ts';
import { insideTerm, isFurther, NOT_INSIDE, rangeTerm, referredInside } from './contained.ts';
import { all, any, containedTerm, type Filter } from './filter.ts';
import { indexResource } from './index.ts';
import { matches } from './match.ts';
import type { Parameter } from './parameter.ts';

/** Leads by `parameter` of the type `container` to what is inside it and of `type`. */
export interface Link {
  container: string;
  parameter: Parameter;
  type: string;
  base: string;
}

/** Nothing of what a contained resource hasn't got: an id, a date of its own, somebody who refers to it. */
export function askInside(link: Link, filter: Filter): Filter[] {
  const { parameter, type } = link;
  if (type === NOT_INSIDE) return [];
  const inside = (terms: string[]): string[] => terms.map((term) => insideTerm(parameter.code, type, term));
  if (!isKeptInside(type, filter)) return [ofContent(link, filter)];
  switch (filter.op) {
    case 'term':
      return [{ op: 'term', terms: inside(filter.terms) }];
    case 'reference':
      return [{ op: 'term', terms: inside(filter.targets.map((target) => `${filter.param}=${target}`)) }];
    case 'range':
      return [{ op: 'pair', terms: inside([rangeTerm(filter.param)]), test: filter.test }];
    case 'pair':
      return [{ op: 'pair', terms: inside(filter.terms), test: filter.test }];
    case 'or': {
      const of = filter.of.flatMap((part) => askInside(link, part));
      return of.length === 0 ? [] : [any(of)];
    }
    case 'chain':
    case 'hierarchy':
      // one link further is what is kept in the index
      return filter.within !== undefined || ('canonical' in filter && filter.canonical === true)
        ? []
        : [{ ...filter, within: insideTerm(parameter.code, type, '') }];
    case 'and':
    case 'not':
    case 'scan':
    case 'inside':
      return [ofContent(link, filter)];
    default:
      return [];
  }
}

function ofContent(link: Link, filter: Filter): Filter {
  const { container, parameter, type, base } = link;
  const indexed = filter.op === 'and' ? filter.of.filter(({ op }) => INDEXED.includes(op)) : [];
  return {
    op: 'inside',
    type: container,
    about: insideTerm(parameter.code, type, aboutOf(filter)),
    narrow: all([
      { op: 'term', terms: [containedTerm(type)], unique: true },
      ...indexed.flatMap((part) => askInside(link, part)),
    ]),
    test: (resource) =>
      [...referredInside(parameter, parameter.select(resource, resource), resource)].some(
        (each) =>
          each.resourceType === type && holds(filter, { ...each, contained: resource.contained }, base),
      ),
  };
}

const INDEXED: readonly Filter['op'][] = ['term', 'reference', 'range', 'pair'];

/** Of what is inside what is inside the index keeps a few parameters' terms. */
function isKeptInside(type: string, filter: Filter): boolean {
  if (filter.op !== 'term' && filter.op !== 'pair') return true;
  return filter.terms.every((term) => {
    const [, through = '', code = ''] = FURTHER_TERM.exec(term) ?? [];
    return through === '' || (filter.op === 'term' && isFurther(type, through, code));
  });
}

/** `practitioner:Practitioner.family=…` */
const FURTHER_TERM = /^([\w-]+):[A-Z]\w*\.([\w-]+)/;

function holds(filter: Filter, resource: Resource, base: string): boolean {
  const { resourceType: type, id = '' } = resource;
  return matches(filter, { ...indexResource(resource, base), type, id, at: NaN, resource });
}

/** The parameter that is asked of what is inside. */
function aboutOf(filter: Filter): string {
  switch (filter.op) {
    case 'and':
      return filter.of.map(aboutOf).find((about) => about !== '') ?? '';
    case 'not':
      return aboutOf(filter.of);
    case 'scan':
    case 'inside':
      return filter.about;
    case 'term':
    case 'pair':
      return /^[^:=]*/.exec(filter.terms[0] ?? '')?.[0] ?? '';
    case 'range':
    case 'reference':
      return filter.param;
    default:
      return '';
  }
}
