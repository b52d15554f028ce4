/**
 * `Patient/x/$notice-preferences`: what who speaks for a patient chose to be told, how and when.
 * `$notice-preferences-set` says all of it: what it doesn't name is as by default. https://carnet.example/fhir/OperationDefinition/notice-preferences
 */
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import {
  BY_DEFAULT,
  type Choices,
  MOST_GROUPED,
  channelsOf,
  isAddress,
  isKind,
  isTime,
} from '../notice/choices.ts';
import { isZone } from '../notice/clock.ts';
import { CHANNELS, type Channel, type Kind, EVERY_KIND } from '../notice/kinds.ts';
import { languageOf, told } from './language.ts';
import { readerOf } from './notice-reader.ts';

export async function noticePreferences(context: Context, exchange: Exchange): Promise<Answer> {
  if (exchange.query.length > 0) throw new FhirError('not-supported', 'no parameter is supported here');
  const of = await readerOf(context, exchange);
  return told(languageOf(exchange), asParameters(await context.inbox.choices(of)));
}

export async function setNoticePreferences(context: Context, exchange: Exchange): Promise<Answer> {
  const chosen = chosenIn(exchange);
  const of = await readerOf(context, exchange);
  await context.inbox.choose(of, chosen);
  return told(languageOf(exchange), asParameters(chosen));
}

function asParameters(choices: Choices): Json[] {
  const { language, address, grouping, quiet, digest, zone } = choices;
  return [
    { name: 'language', valueCode: language },
    ...(address === undefined ? [] : [{ name: 'address', valueString: address }]),
    { name: 'grouping', valueUnsignedInt: grouping },
    ...(quiet === undefined
      ? []
      : [
          {
            name: 'quiet',
            part: [
              { name: 'from', valueTime: `${quiet.from}:00` },
              { name: 'until', valueTime: `${quiet.until}:00` },
            ],
          },
        ]),
    ...(digest === undefined ? [] : [{ name: 'digest', valueTime: `${digest}:00` }]),
    { name: 'zone', valueCode: zone },
    ...EVERY_KIND.map((kind) => ({
      name: 'kind',
      part: [
        { name: 'code', valueCode: kind },
        ...channelsOf(choices, kind).map((channel) => ({ name: 'channel', valueCode: channel })),
      ],
    })),
  ];
}

const NAMES = ['language', 'address', 'grouping', 'quiet', 'digest', 'zone', 'kind'] as const;
type Name = (typeof NAMES)[number];

const ALLOWED: Record<Name, string> = {
  language: '`language` (valueCode) is `fr` or `en`',
  address: '`address` (valueString) is one plain e-mail address',
  grouping: `\`grouping\` (valueUnsignedInt) is 0 to ${MOST_GROUPED} minutes`,
  quiet: '`quiet` has the parts `from` and `until` (valueTime), which differ',
  digest: '`digest` is a time (valueTime)',
  zone: '`zone` (valueCode) is a time zone, as `Europe/Paris`',
  kind: `\`kind\` has one part \`code\` and parts \`channel\` (valueCode): ${CHANNELS.join(', ')}`,
};

function chosenIn({ body }: Exchange): Choices {
  const parameters = body?.kind === 'json' ? (body.value as Resource) : undefined;
  if (parameters?.resourceType !== 'Parameters') throw new FhirError('required', 'Parameters are required');
  const listed = Array.isArray(parameters.parameter) ? (parameters.parameter as Json[]) : [];
  const choices: Choices = { ...BY_DEFAULT, kinds: {} };
  const seen = new Set<string>();
  for (const each of listed) {
    const name = NAMES.find((allowed) => allowed === each.name);
    if (name === undefined || (seen.has(name) && name !== 'kind')) {
      const text = `\`${String(each.name).slice(0, 60)}\` is unknown or stands twice; allowed: ${NAMES.join(', ')}`;
      throw new FhirError('not-supported', text);
    }
    seen.add(name);
    if (!take[name](each, choices)) throw new FhirError('value', ALLOWED[name]);
  }
  return choices;
}

/** Each puts what was chosen where it belongs, or says that it can't be. */
const take: Record<Name, (parameter: Json, choices: Choices) => boolean> = {
  language({ valueCode }, choices) {
    if (valueCode !== 'fr' && valueCode !== 'en') return false;
    choices.language = valueCode;
    return true;
  },
  address({ valueString }, choices) {
    if (typeof valueString !== 'string' || !isAddress(valueString)) return false;
    choices.address = valueString;
    return true;
  },
  grouping({ valueUnsignedInt: minutes }, choices) {
    if (!Number.isInteger(minutes) || (minutes as number) < 0 || (minutes as number) > MOST_GROUPED)
      return false;
    choices.grouping = minutes as number;
    return true;
  },
  quiet(parameter, choices) {
    const [from, until] = ['from', 'until'].map((name) => timeOf(partOf(parameter, name)));
    if (from === undefined || until === undefined || from === until) return false;
    choices.quiet = { from, until };
    return true;
  },
  digest(parameter, choices) {
    const time = timeOf(parameter);
    if (time === undefined) return false;
    choices.digest = time;
    return true;
  },
  zone({ valueCode }, choices) {
    if (typeof valueCode !== 'string' || valueCode.length > 60 || !isZone(valueCode)) return false;
    choices.zone = valueCode;
    return true;
  },
  kind(parameter, choices) {
    const code = partOf(parameter, 'code')?.valueCode;
    if (!isKind(code) || choices.kinds[code] !== undefined) return false;
    const channels = partsOf(parameter)
      .filter(({ name }) => name === 'channel')
      .map(({ valueCode }) => valueCode);
    if (!channels.every((each) => CHANNELS.some((channel) => channel === each))) return false;
    const kinds: Partial<Record<Kind, readonly Channel[]>> = choices.kinds;
    kinds[code] = CHANNELS.filter((channel) => channels.includes(channel));
    return true;
  },
};

function partsOf({ part }: Json): Json[] {
  return Array.isArray(part) ? (part as Json[]) : [];
}

function partOf(parameter: Json, name: string): Json | undefined {
  return partsOf(parameter).find((each) => each.name === name);
}

/** To the minute. */
function timeOf(parameter: Json | undefined): string | undefined {
  const time = parameter?.valueTime;
  return typeof time === 'string' && isTime(time.slice(0, 5)) ? time.slice(0, 5) : undefined;
}
