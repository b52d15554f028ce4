/** The steps that requests and entries of Bundles share: check scope, reject parameters, open the store, interact, audit. */
import { type Subject, reaches } from '../consent/subject.ts';
import type { ScopedStore } from '../enforcement/scoped-store.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Answer, Entry, Exchange, Interaction, Trace } from '../interaction/exchange.ts';
import type { Matcher } from './match.ts';
import { isPaced, slower } from './pace.ts';
import { parseEntry, type Asked } from './parse.ts';
import { applyPrefer, isNotFound, toFhirError } from './render.ts';
import type { InteractionName, ScopeLetter } from './routes.ts';

export interface PipelineOptions {
  /** By resource type; absent: none. */
  requiredProfiles?: ReadonlyMap<string, readonly string[]>;
  interactions: Record<InteractionName, Interaction>;
  /** Throws 403; `*` stands for all types. */
  checkScope(subject: Subject, type: string, letter: ScopeLetter): void;
  open(trace: Trace): ScopedStore;
  /** Durable when it resolves: nothing of the answer leaves before. */
  record(trace: Trace, result: Answer | FhirError): Promise<void>;
}

/** Of one request; shared by what is dispatched inside it. */
export interface Progress {
  /** Something hidden or absent was asked for: the answer leaves on a tick. */
  paced: boolean;
  /** By the clock of what stands in it, where that has one of its own. */
  clock?: string;
}

export type Interact = (asked: Asked, progress: Progress, store?: ScopedStore) => Promise<Answer>;

export function createPipeline(options: PipelineOptions, match: Matcher): Interact {
  async function interact(asked: Asked, progress: Progress, given?: ScopedStore): Promise<Answer> {
    const { trace } = asked;
    const result = await attempt(asked, progress, given).catch(toFhirError);
    progress.paced ||= isPaced(trace.interaction, result.status);
    if (isTicked(result)) {
      progress.paced = true;
      progress.clock = slower(progress.clock, trace.interaction);
    }
    await record(trace, result);
    if (result instanceof FhirError) throw result;
    return applyPrefer(result, trace.audit.code, trace.prefer, trace.body);
  }

  async function attempt({ route, trace }: Asked, progress: Progress, given?: ScopedStore): Promise<Answer> {
    checkScope(trace, route.scope);
    checkContext(trace);
    if (route.bare) rejectParameters(trace);
    const store = given ?? options.open(trace);
    const exchange: Exchange = {
      ...trace,
      required: options.requiredProfiles,
      store,
      dispatch: async (entry, shared) => interact(entryOf(entry, trace, progress), progress, shared),
    };
    return options.interactions[trace.interaction as InteractionName](exchange);
  }

  function entryOf(entry: Entry, trace: Trace, progress: Progress): Asked {
    try {
      return parseEntry(entry, trace, match);
    } catch (error) {
      progress.paced ||= error instanceof FhirError && isNotFound(error);
      throw error;
    }
  }

  function checkScope({ params, query, subject }: Trace, letter: ScopeLetter | undefined): void {
    if (letter === undefined) return;
    const types = params.type === undefined ? typesAsked(query) : [params.type];
    for (const type of types) options.checkScope(subject, type, letter);
  }

  /** What is there of whom the token doesn't reach is as nothing: some operations ask no line of the gate. */
  function checkContext({ params, interaction, subject }: Trace): void {
    if (params.type !== 'Patient' || params.id === undefined || !interaction.startsWith('$')) return;
    if (!reaches(subject, 'Patient', /r/, [params.id])) throw new FhirError('not-found', 'not found');
  }

  async function record(trace: Trace, result: Answer | FhirError): Promise<void> {
    try {
      await options.record(trace, result);
    } catch (cause) {
      throw new FhirError('transient', 'the access could not be recorded; try again', { cause });
    }
  }

  return interact;
}

/** https://hl7.org/fhir/R4/search.html#errors: what were left out may have been meant as a condition. */
function rejectParameters({ query, prefer }: Trace): void {
  const [first] = query;
  if (first === undefined || prefer.handling === 'lenient') return;
  throw new FhirError('invalid', `unknown parameter \`${first[0].slice(0, 60)}\`: none is allowed here`);
}

const isTicked = (result: Answer | FhirError): boolean =>
  !(result instanceof FhirError) && result.paced === true;

/** `_type` of a search over several types: https://hl7.org/fhir/R4/http.html#search */
function typesAsked(query: [string, string][]): string[] {
  const listed = query.filter(([name]) => name === '_type').flatMap(([, value]) => value.split(',', 200));
  return listed.length > 0 ? listed : ['*'];
}
