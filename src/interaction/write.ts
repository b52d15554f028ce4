/** What every write does: check the resource, whose it is, who may, and commit with its traces. */
import { asDeposited } from '../audit/deposited.ts';
import { asAppData, faultIn } from '../consent/app-data.ts';
import { isBlock } from '../consent/policy.ts';
import { keptBy } from '../consent/subject.ts';
import type { Writing } from '../consent/writing.ts';
import type { Change, Lock, Stored } from '../enforcement/ports.ts';
import { retrying } from '../enforcement/retrying.ts';
import { parseJson, stringifyJson } from '../fhir/json.ts';
import { labelledAs, labelsOf, unlabelled } from '../fhir/labels.ts';
import { FhirError, type Issue } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { patientsOf } from '../fhir/subjects.ts';
import { validate } from '../fhir/validate/index.ts';
import type { Context } from './context.ts';
import type { Answer, Exchange } from './exchange.ts';
import { requireNumbers } from './matricule.ts';
import { locationOf, versionHeaders } from './versions.ts';

const OTHERS_WRITE = 'the resource is being written by others: try again';
/** Attempts after which waits grow no longer: somebody waits for the answer. */
const LONGEST = 5;
/** Each is decided, keyed and traced apart. */
const MOST_PATIENTS = 50;

/**
 * Writes to one thing wait for each other, so that they seldom meet in the database; those of a transaction wait
 * with it. Only those of one depositor: what others do to a hidden id is neither waited for nor held up.
 */
export function inTurn<T>(
  { queue }: Context,
  { store, subject }: Exchange,
  things: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  if (store.staged) return work();
  const keys = things.map((thing) => `${subject.depositor} ${thing}`);
  return queue.run(keys, () => retrying(work, OTHERS_WRITE, LONGEST));
}

/** The body as a resource of the type that the address names. */
export function resourceIn(exchange: Exchange): Resource {
  const { body, params } = exchange;
  if (body === undefined) throw new FhirError('required', 'a resource is required as body');
  if (body.kind !== 'json') {
    return {
      resourceType: 'Binary',
      contentType: body.contentType,
      ...securityContext(exchange),
      ...(body.kind === 'raw' ? { data: body.bytes.toString('base64') } : {}),
    };
  }
  const resource = body.value as Resource;
  if (resource.resourceType !== params.type) {
    throw new FhirError('invalid', `the body is no \`${params.type}\``, { expression: 'resourceType' });
  }
  // one that another takes the place of is not validated
  if (resource.id !== undefined && typeof resource.id !== 'string')
    throw new FhirError('invalid', 'an id is a string', { expression: `${params.type}.id` });
  return resource;
}

/** https://hl7.org/fhir/R4/binary.html#security-context */
function securityContext(exchange: Exchange): { securityContext?: { reference: string } } {
  const reference = exchange.header('x-security-context');
  return reference === undefined ? {} : { securityContext: { reference } };
}

const mayBeContent = ({ resourceType, type }: Resource): boolean =>
  resourceType === 'Binary' || (resourceType === 'Bundle' && type === 'document');

/** As it was sent, where something else is kept. @throws FhirError */
export function requireValid({ required }: Exchange, resource: Resource): void {
  const errors = validate(resource, { required }).filter(isError);
  if (errors.length > 0) throw FhirError.of(errors, statusOf(errors));
}

/** @throws FhirError when the resource isn't valid, or the caller may not write it */
export async function changeOf(
  exchange: Exchange,
  method: 'POST' | 'PUT',
  sent: Resource,
  given: Stored | undefined,
  /** Whose it is, where the resource doesn't say it; codes of labels that the caller says, where not all it has. */
  { of, says }: { of?: readonly string[] | undefined; says?: ReadonlySet<string> } = {},
): Promise<Change> {
  const isTrace = sent.resourceType === 'AuditEvent' && exchange.subject.role !== 'all';
  const resource = isTrace ? asDeposited(sent, exchange.base) : sent;
  const errors = validate(resource, { required: exchange.required }).filter(isError);
  if (errors.some(({ rule }) => rule === undefined)) throw FhirError.of(errors, statusOf(errors));
  const { subject, store } = exchange;
  const previous = given?.whole ?? given;
  const content = previous?.method === 'DELETE' ? undefined : previous?.content;
  if (content !== undefined && resource.data !== undefined) {
    throw new FhirError(
      'business-rule',
      'content that was uploaded as a stream is not replaced: create another',
    );
  }
  // documents alone say who may read what was uploaded as a stream, and content that they claimed or may claim
  const isFollowing = previous?.patients.length === 0 && mayBeContent(sent);
  const patients = content === undefined && !isFollowing ? (of ?? patientsOf(resource, exchange.base)) : [];
  if (patients.length > MOST_PATIENTS) {
    const found = patients.length;
    throw new FhirError(
      'business-rule',
      `the resource is data of ${found} patients; allowed: up to ${MOST_PATIENTS}`,
    );
  }
  if (previous !== undefined && !samePatients(previous.patients, patients)) {
    throw new FhirError('business-rule', 'a resource can not become the data of other patients');
  }
  const { type, id, by } = {
    type: resource.resourceType,
    id: resource.id!,
    by: previous?.by ?? keptBy(subject, resource.resourceType),
  };
  const live = previous === undefined || previous.method === 'DELETE' ? undefined : previous;
  const kind = live === undefined ? 'create' : onlyLabels(live, resource) ? 'labels' : 'change';
  // INVARIANT: no rule of a profile keeps a patient from masking
  if (kind !== 'labels' && errors.length > 0) throw FhirError.of(errors, statusOf(errors));
  await requireWrite(exchange, { type, id, patients }, previous, kind, resource);
  if (live !== undefined) requireBlockKept(exchange, live, resource);
  if (kind === 'change' && isFollowing && type === 'Bundle') requireSameDocument(live!, resource);
  const isKnown = live !== undefined && type === 'Patient';
  const renumbers = isKnown && (await requireNumbers(exchange, live, resource));
  const own = isAppsOwn(exchange, type) ? ofApp(exchange, resource, patients) : resource;
  const meant = kind === 'labels' && by !== subject.depositor ? labelsAlone(live!, resource) : own;
  const labelled = await store.labelled(meant, patients, previous, says);
  return {
    method,
    type,
    id,
    resource: labelled.resource,
    patients,
    labels: labelsOf(labelled.resource),
    imposed: labelled.imposed,
    unshown: labelled.unshown,
    hushed: labelled.hushed,
    by,
    ...(content === undefined ? {} : { content }),
    ...(renumbers ? { renumbers } : {}),
    previous,
  };
}

/** What a Subscription says is no data. */
function isAppsOwn({ subject }: Exchange, type: string): boolean {
  return subject.role === 'app' && type !== 'Subscription';
}

const APP_FAULTS = {
  party: 'an app may not name a professional or an organization here',
  unnamed: 'an app refers by `Type/id` or `#id` alone',
  person: 'an app may not name another patient or device',
  word: 'an app speaks in nobody’s name',
};

/** With its source. @throws FhirError 422 where it could pass for somebody else's */
function ofApp({ subject, base }: Exchange, resource: Resource, patients: readonly string[]): Resource {
  const fault = faultIn(resource, subject.reference, patients[0]!);
  if (fault !== undefined)
    throw new FhirError('business-rule', APP_FAULTS[fault.why], { expression: fault.at });
  return asAppData(resource, `${base}/${subject.reference}`);
}

/** A FHIR document is what it was signed and published as: another version of it is another document. @throws FhirError 422 */
function requireSameDocument(previous: Stored, resource: Resource): void {
  const said = (each: Resource): string => stringifyJson(sorted({ ...each, meta: undefined }));
  if (said(parseJson(previous.body) as Resource) === said(resource)) return;
  throw new FhirError(
    'business-rule',
    'a FHIR document that a DocumentReference names is not changed: deposit another that replaces it',
  );
}

/** What a patient may change of what others deposited: labels, and that it is archived. */
function onlyLabels(previous: Stored, resource: Resource): boolean {
  const bare = (each: Resource): string => stringifyJson(sorted(unarchived(unlabelled(each))));
  return bare(parseJson(previous.body) as Resource) === bare(resource);
}

/** All else stays as it is to the byte: its depositor is not told that it was labelled. */
function labelsAlone(previous: Stored, { meta, securityLabel, extension }: Resource): Resource {
  const held = parseJson(previous.body) as Resource;
  const labels = Array.isArray(securityLabel) ? (securityLabel as Json[]) : [];
  const labelled = { ...labelledAs(held, meta?.security ?? [], labels), extension };
  if (extension === undefined) delete labelled.extension;
  return labelled;
}

/** https://interop.esante.gouv.fr/ig/fhir/pdsm: whether a document is archived. */
const ARCHIVED = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived';

function unarchived({ extension, ...rest }: Resource): Resource {
  const left = (Array.isArray(extension) ? (extension as Json[]) : []).filter(({ url }) => url !== ARCHIVED);
  return { ...rest, ...(left.length > 0 ? { extension: left } : {}) } as Resource;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || value.constructor !== Object) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  );
}

/**
 * Unblocking somebody doesn't bring back what was permitted to them before: the Consent that blocked them goes on
 * telling it, with the status `inactive`.
 * @throws FhirError 422
 */
export function requireBlockKept(
  { subject }: Exchange,
  { type, body }: Stored,
  resource: Resource | undefined,
): void {
  if (type !== 'Consent' || subject.role === 'all' || !isBlock(parseJson(body) as Resource)) return;
  const told = resource?.status === 'active' || resource?.status === 'inactive';
  if (resource !== undefined && told && isBlock(resource)) return;
  throw new FhirError('business-rule', 'somebody is unblocked by the status `inactive` of the Consent', {
    expression: 'Consent.status',
  });
}

/** @throws FhirError 403 */
export async function requireWrite(
  { subject, store }: Exchange,
  after: Pick<Change, 'type' | 'id' | 'patients'>,
  before: Stored | undefined,
  kind: Writing['kind'],
  resource?: Resource,
): Promise<void> {
  const refusal = await store.refusesWrite({
    subject,
    kind,
    after,
    by: before?.by,
    resource,
  });
  if (refusal === undefined) return;
  store.notes.refused(after);
  const why = {
    context: 'the token writes of its patient alone',
    right: `you have no right to write \`${after.type}\``,
    depositor: 'only who deposited it may change it',
    patient: 'you may write your own data only',
    self: 'a Consent that permits you something is the patient’s to give',
  }[refusal];
  throw new FhirError('forbidden', why);
}

export async function commitOne(
  exchange: Exchange,
  change: Change,
  locks: readonly Lock[] = [],
): Promise<Stored> {
  const [stored] = await exchange.store.commit([change], locks);
  return stored!;
}

export function written(exchange: Exchange, stored: Stored, created: boolean): Answer {
  return {
    status: created ? 201 : 200,
    headers: {
      ...versionHeaders(stored),
      ...(created ? { location: locationOf(exchange.base, stored) } : {}),
      'content-location': locationOf(exchange.base, stored),
    },
    body: stored.body,
    at: stored.at,
  };
}

const isError = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal';

const UNPROCESSABLE: readonly string[] = ['invariant', 'code-invalid', 'business-rule'];

/** https://hl7.org/fhir/R4/http.html#create: 422 for rules of profiles and of business, 400 for what is no resource */
const statusOf = (issues: readonly Issue[]): number =>
  issues.every(({ code, rule }) => rule !== undefined || UNPROCESSABLE.includes(code)) ? 422 : 400;

function samePatients(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((patient) => b.includes(patient));
}
