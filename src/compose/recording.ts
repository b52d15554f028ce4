/** The traces of what was given, and the visits that they are to somebody: both durable before the answer leaves. */
import type { Subject } from '../consent/subject.ts';
import type { Concern } from '../enforcement/notes.ts';
import type { ResourceStore, Trace } from '../enforcement/ports.ts';
import type { Visits } from '../notice/visits.ts';
import type { MongoOutbox } from '../store/outgoing/outbox.ts';

export type Recorder = (
  subject: Subject,
  concerns: readonly Concern[],
  traces: (at: number) => Trace[],
) => Promise<void>;

export function recorder(port: ResourceStore, outbox: MongoOutbox, visits: Visits): Recorder {
  return async (subject, concerns, traces) => {
    const news = visits.news(subject, concerns, Date.now());
    await Promise.all([port.record(traces), outbox.enter(news)]);
    visits.told(news);
  };
}
