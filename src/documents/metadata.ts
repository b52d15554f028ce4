/**
 * Metadata of a document, changed by a conditional patch: status, labels and whether it is archived, and nothing else.
 * https://interop.esante.gouv.fr/ig/fhir/pdsm/st_maj.html
 */
import { isDeepStrictEqual } from 'node:util';
import { items } from '../fhir/items.ts';
import { stringifyJson } from '../fhir/json.ts';
import { labelsIn, renamed } from '../fhir/labels.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import { onMatch } from '../interaction/condition.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { conditionalPatch, patch, patched } from '../interaction/patch.ts';
import { inTurn } from '../interaction/write.ts';

const ARCHIVED = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived';

/** http://terminology.hl7.org/CodeSystem/v3-Confidentiality */
const LEVELS = new Set(['U', 'L', 'M', 'N', 'R', 'V']);

/** Codes by which something is hidden, whatever their system. */
type Masks = ReadonlySet<string>;

/** `PATCH DocumentReference?identifier=…` */
export function patchMetadata(context: Context, exchange: Exchange): Promise<Answer> {
  if (exchange.params.type !== 'DocumentReference') return conditionalPatch(context, exchange);
  const masks = masksOf(exchange);
  return onMatch(context, exchange, 'DocumentReference', exchange.query, ({ found, lock }) =>
    patched(exchange, found, [lock], (before, after) => {
      requireMetadata(before, after);
      return labelledTogether(before, archivedOnce(before, after), masks);
    }),
  );
}

/** By its id a depositor changes the whole; labels are a set there too. In a transaction a condition has become an id. */
export function patchDocument(context: Context, exchange: Exchange): Promise<Answer> {
  const { type, id } = exchange.params;
  if (type !== 'DocumentReference') return patch(context, exchange);
  const masks = masksOf(exchange);
  return inTurn(context, exchange, [`${type}/${id}`], async () =>
    patched(exchange, await exchange.store.read(type, id!), [], (before, after) => {
      if (exchange.byCondition === true) requireMetadata(before, after);
      return labelledTogether(before, archivedOnce(before, after), masks);
    }),
  );
}

function masksOf({ store: { rules } }: Exchange): Masks {
  const { masked, hiddenFromPatient, hiddenFromRepresentatives } = rules.labels;
  const labels = [...masked, ...hiddenFromPatient, ...hiddenFromRepresentatives];
  return new Set(labels.map((label) => label.slice(label.lastIndexOf('|') + 1)));
}

/** @throws FhirError 405 that names what else would change */
export function requireMetadata(before: Resource, after: Resource): void {
  const [one, other] = [plain(before), plain(after)];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of names) {
    if (isDeepStrictEqual(one[name], other[name])) continue;
    throw new FhirError(
      'not-supported',
      `\`${name}\` is not changed by a conditional patch; allowed: status, securityLabel and the extension isArchived`,
      { status: 405, headers: { allow: 'GET, HEAD, POST, PUT' }, expression: `DocumentReference.${name}` },
    );
  }
}

/** Without what may change. */
function plain(resource: Resource): Json {
  const {
    status: _status,
    securityLabel: _labels,
    meta,
    extension,
    ...rest
  } = JSON.parse(stringifyJson(resource)) as Resource;
  const { security: _security, ...about } = meta ?? {};
  const others = items(extension).filter(({ url }) => url !== ARCHIVED);
  return { ...rest, ...(others.length === 0 ? {} : { extension: others }), meta: about };
}

/** It says once whether it is archived: what a patch adds says it in place of what was there. */
function archivedOnce(before: Resource, after: Resource): Resource {
  const said = items(after.extension).filter(({ url }) => url === ARCHIVED);
  if (said.length < 2) return after;
  const had = items(before.extension);
  const last = said.findLast((each) => !had.some((one) => isDeepStrictEqual(one, each))) ?? said.at(-1);
  return {
    ...after,
    extension: items(after.extension).filter((each) => each.url !== ARCHIVED || each === last),
  };
}

const isLabelled = ({ securityLabel = [] }: Resource): boolean =>
  Array.isArray(securityLabel) &&
  securityLabel.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each));

/**
 * Labels as a set: a patch that puts a mask on takes none off, whichever place it writes to, and the level of
 * confidentiality stays when none is left. Masks are taken off by a patch that puts none on.
 */
export function labelledTogether(before: Resource, after: Resource, masks: Masks): Resource {
  // no label: it is refused as it stands, and isn't to be lost among those that are
  if (!isLabelled(after)) return after;
  const [held, now] = [labelsIn(before), labelsIn(after)];
  const had = new Set(held.map(({ code }) => code));
  const has = new Set(now.map(({ code }) => code));
  const masksMore = [...has].some((code) => masks.has(code) && !had.has(code));
  const isLevelled = [...has].some((code) => LEVELS.has(code));
  const kept = held.filter(
    ({ code }) => !has.has(code) && (masks.has(code) ? masksMore : LEVELS.has(code) && !isLevelled),
  );
  if (kept.length === 0 && now.length === has.size) return after;
  const labels = kept.map(({ coding }) => ({ coding: [coding] }));
  const together = { ...after, securityLabel: [...labels, ...items(after.securityLabel)] };
  return renamed(together, (coding) => coding);
}
