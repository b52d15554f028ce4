/**
 * The create of a document: its content is split off (ITI-105), what it replaces is superseded, and what its depositor
 * sends again is not doubled. https://profiles.ihe.net/ITI/MHD/ITI-105.html
 */
import type { Change } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import { create } from '../interaction/create.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { changeOf, inTurn, requireValid, resourceIn, written } from '../interaction/write.ts';
import { splitOff } from './attachment.ts';
import { claimsSimplified, uniqueIdOf } from './codes.ts';
import { followsDocument } from './document-bundle.ts';
import { patientKnown } from './named-patient.ts';
import { earlier, requireSame, requireSameContents, requireSameDocuments } from './repeated.ts';
import { submissionSetOf } from './submission-set.ts';
import { replacedBy, superseding, targetsKnown } from './replacing.ts';

/** All other creates are as they always are. */
export function publish(context: Context, exchange: Exchange): Promise<Answer> {
  const { body, params } = exchange;
  if (body?.kind !== 'json' || exchange.header('if-none-exist') !== undefined)
    return create(context, exchange);
  if (params.type === 'Bundle' && followsDocument(resourceIn(exchange))) return keepBundle(context, exchange);
  return params.type === 'DocumentReference' ? deposit(context, exchange) : create(context, exchange);
}

async function deposit(context: Context, exchange: Exchange): Promise<Answer> {
  const { store, subject, base } = exchange;
  const id = exchange.assignedId ?? context.newId();
  const named = await patientKnown(context, exchange, resourceIn(exchange));
  const sent: Resource = { ...(await targetsKnown(exchange, named)), id };
  const name = uniqueIdOf(sent);
  const replaced = replacedBy(sent, base);
  const things = [
    ...(name === undefined ? [] : [`DocumentReference#${name}`]),
    ...replaced.map((each) => `DocumentReference/${each}`),
  ];
  return inTurn(context, exchange, things, async () => {
    // nobody else's deposit of the same name waits for it, or is met
    const lock =
      name === undefined ? [] : [await store.lock(JSON.stringify(['unique', subject.depositor, name]))];
    const found = await earlier(exchange, sent);
    if (found !== undefined) {
      requireValid(exchange, sent);
      requireSame(sent, found);
      await requireSameDocuments(store, sent, found);
      await requireSameContents(exchange, sent, found);
      if (store.staged) throw repeatedInside(name!);
      return written(exchange, found, true);
    }
    if (claimsSimplified(sent)) requireValid(exchange, sent);
    // an app writes no Bundle that is nobody's
    const { document, contents } = splitOff(sent, context.newId, { bundles: subject.role !== 'app' });
    const change = await changeOf(exchange, 'POST', document, undefined);
    const superseded = [];
    for (const each of replaced) superseded.push(await superseding(exchange, each, change.patients));
    const held = [];
    for (const content of contents)
      held.push(await changeOf(exchange, 'POST', content, undefined, { of: whoseOf(content) }));
    const set = isAlone(sent) && subject.role !== 'app' ? [await setChange(context, exchange, document)] : [];
    const changes = [change, ...superseded.filter((each) => each !== undefined), ...held, ...set];
    const [stored] = await store.commit(changes, lock);
    return written(exchange, stored!, true);
  });
}

/** What claims a simplified publish comes without a SubmissionSet, whose patient would be its own. */
const isAlone = (sent: Resource): boolean => claimsSimplified(sent) && sent.subject !== undefined;

function setChange(context: Context, exchange: Exchange, document: Resource): Promise<Change> {
  const at = new Date(context.now()).toISOString();
  const set = submissionSetOf(document, { id: context.newId(), at, base: exchange.base });
  return changeOf(exchange, 'POST', set, undefined);
}

/** A FHIR document is nobody's but the document's. */
const whoseOf = (content: Resource): [] | undefined => (followsDocument(content) ? [] : undefined);

/** The FHIR document of a document follows it alone: see document-bundle.ts. */
async function keepBundle(context: Context, exchange: Exchange): Promise<Answer> {
  const resource = { ...resourceIn(exchange), id: exchange.assignedId ?? context.newId() };
  const change = await changeOf(exchange, 'POST', resource, undefined, { of: [] });
  const [stored] = await exchange.store.commit([change]);
  return written(exchange, stored!, true);
}

/** Within a transaction: its other entries name what would not be made. The whole is tried again by who sent it. */
const repeatedInside = (name: string): FhirError =>
  new FhirError('duplicate', `\`${name}\` is being deposited by another request: try again`);
