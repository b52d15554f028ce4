/** An OpenTelemetry SDK as small as it gets: keeps the spans that end. https://opentelemetry.io/docs/specs/otel/trace/sdk/ */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';

export interface Recorded {
  name: string;
  traceId: string;
  spanId: string;
  parent?: string;
  attributes: Record<string, unknown>;
  events: unknown[];
}

/** Listens from now on, in this process, until `forgetSpans`; the list grows. */
export function recordSpans(): Recorded[] {
  const ended: Recorded[] = [];
  const current = new AsyncLocalStorage<Context>();
  context.setGlobalContextManager({
    active: () => current.getStore() ?? ROOT_CONTEXT,
    with: (within, run, self, ...args) => current.run(within, () => run.call(self as never, ...args)),
    bind: (_within, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
  propagation.setGlobalPropagator({
    inject: () => {},
    fields: () => ['traceparent'],
    extract(within, carrier: { traceparent?: string }) {
      const [, traceId, spanId] = /^00-(\w{32})-(\w{16})-/.exec(carrier.traceparent ?? '') ?? [];
      if (traceId === undefined || spanId === undefined) return within;
      const remote = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
      return isSpanContextValid(remote) ? trace.setSpanContext(within, remote) : within;
    },
  });
  let made = 0;
  const tracer: Tracer = {
    startSpan(name, _options, within = context.active()) {
      const parent = trace.getSpanContext(within);
      made += 1;
      const spanId = made.toString(16).padStart(16, '0');
      const traceId = parent?.traceId ?? made.toString(16).padStart(32, '0');
      const recorded: Recorded = {
        name,
        traceId,
        spanId,
        parent: parent?.spanId,
        attributes: {},
        events: [],
      };
      const span = {
        spanContext: () => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED }),
        setAttribute: (key: string, value: unknown) => note(() => (recorded.attributes[key] = value)),
        setAttributes: (more: object) => note(() => Object.assign(recorded.attributes, more)),
        addEvent: (...event: unknown[]) => note(() => recorded.events.push(event)),
        addLink: (...link: unknown[]) => note(() => recorded.events.push(link)),
        addLinks: (...links: unknown[]) => note(() => recorded.events.push(links)),
        setStatus: (status: unknown) => note(() => recorded.events.push(status)),
        recordException: (error: unknown) => note(() => recorded.events.push(String(error))),
        updateName: (other: string) => note(() => (recorded.name = other)),
        isRecording: () => true,
        end: () => void ended.push(recorded),
      };
      const note = (work: () => unknown): Span => {
        work();
        return span as Span;
      };
      return span as Span;
    },
    startActiveSpan() {
      throw new Error('the server starts its spans otherwise');
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  return ended;
}

/** Nothing is left for the test files that run in this process afterwards. */
export function forgetSpans(): void {
  for (const api of [trace, context, propagation]) api.disable();
}
