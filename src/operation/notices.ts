/**
 * `Patient/x/$notices`: the inbox of who speaks for a patient, as Communications; POST marks as read.
 * https://carnet.example/fhir/OperationDefinition/notices
 */
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { KINDS, type Language, textOf } from '../notice/kinds.ts';
import type { Notice, Of } from '../notice/notice.ts';
import { languageOf, told } from './language.ts';
import { professionalOf, readerOf } from './notice-reader.ts';

const MOST = 100;
const USUAL = 20;
const NOTICE = 'https://carnet.example/fhir/CodeSystem/notice';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/communication-category';

export async function notices(context: Context, exchange: Exchange): Promise<Answer> {
  const { count, after } = asked(context, exchange);
  const of = await asWhom(context, exchange);
  const language = languageOf(exchange);
  const page = await context.inbox.list(of, count, after);
  exchange.store.notes.asked(page.notices.map(({ patient }) => patient));
  const address = `${exchange.base}/${pathOf(exchange)}?_count=${count}`;
  const link = [{ relation: 'self', url: address }];
  if (page.next !== undefined) {
    const state = { query: [], path: pathOf(exchange), handling: 'strict' as const, after: page.next };
    const token = context.links.seal(state, exchange.subject);
    link.push({ relation: 'next', url: `${address}&_page=${token}` });
  }
  const entry = page.notices.map((notice) => ({
    fullUrl: `${exchange.base}/Communication/${notice.id}`,
    resource: asCommunication(notice, language),
  }));
  return {
    status: 200,
    // a visit to what is hidden stands here until it shows, and the gate is asked of it each time
    paced: true,
    headers: { 'content-language': language, vary: 'accept, accept-encoding, accept-language' },
    body: {
      resourceType: 'Bundle',
      type: 'collection',
      meta: { tag: [{ system: `${NOTICE}-unread`, code: String(page.unread) }] },
      link,
      ...(entry.length === 0 ? {} : { entry }),
    },
  };
}

export async function readNotices(context: Context, exchange: Exchange): Promise<Answer> {
  const { body } = exchange;
  const parameters = body?.kind === 'json' ? (body.value as Resource) : undefined;
  const listed = (Array.isArray(parameters?.parameter) ? parameters.parameter : []) as Json[];
  const ids = listed.map(({ name, valueId }) =>
    name === 'read' && typeof valueId === 'string' ? valueId : '',
  );
  if (parameters?.resourceType !== 'Parameters' || ids.length === 0 || ids.length > MOST || ids.includes(''))
    throw new FhirError('value', `1 to ${MOST} parameters \`read\` (valueId) are required`);
  const of = await asWhom(context, exchange);
  const marked = await context.inbox.read(of, ids, context.now());
  return told(
    languageOf(exchange),
    marked.map((id) => ({ name: 'read', valueId: id })),
  );
}

function asCommunication(
  { id, patient, reader, kind, at, about, who, read }: Notice,
  language: Language,
): Resource {
  const service = 'service' in KINDS[kind] ? KINDS[kind].service : undefined;
  return {
    resourceType: 'Communication',
    id,
    language,
    status: 'completed',
    category: [{ coding: [{ system: CATEGORY, code: 'notification' }] }],
    reasonCode: [
      {
        coding: [
          { system: NOTICE, code: kind },
          ...(service === undefined ? [] : [{ system: `${NOTICE}-service`, code: service }]),
        ],
      },
    ],
    subject: { reference: `Patient/${patient}` },
    ...(about.length === 0 || who !== undefined ? {} : { about: about.map((reference) => ({ reference })) }),
    sent: new Date(at).toISOString(),
    ...(read === undefined ? {} : { received: new Date(read).toISOString() }),
    recipient: [{ reference: reader }],
    ...(who === undefined
      ? {}
      : { sender: { reference: who.reference, ...(who.name === undefined ? {} : { display: who.name }) } }),
    payload: [{ contentString: textOf(kind, who?.name, language) }],
  };
}

function asked({ links }: Context, exchange: Exchange): { count: number; after?: string } {
  let count = USUAL;
  let after: string | undefined;
  for (const [name, value] of exchange.query) {
    if (name === '_count') count = Number(/^\d{1,3}$/.test(value) ? value : NaN);
    else if (name === '_page') after = links.open(value, pathOf(exchange), exchange.subject).after as string;
    else throw new FhirError('not-supported', `parameter \`${name}\` is not supported; allowed: \`_count\``);
  }
  if (!(count >= 1 && count <= MOST)) throw new FhirError('value', `\`_count\` is 1 to ${MOST}`);
  return { count, ...(after === undefined ? {} : { after }) };
}

function asWhom(context: Context, exchange: Exchange): Promise<Of> | Of {
  const type = typeOf(exchange);
  return type === 'Patient' ? readerOf(context, exchange) : professionalOf(exchange, type);
}

function pathOf(exchange: Exchange): string {
  return `${typeOf(exchange)}/${exchange.params.id}/$notices`;
}

function typeOf({ params, url }: Exchange): string {
  return params.type ?? url.split('/', 1)[0]!;
}
