/**
 * Spans for OpenTelemetry, by its API alone: whoever starts the server with an SDK gets them, without one they cost
 * nothing. They carry names of ours and numbers: no address, id, query or message.
 * https://opentelemetry.io/docs/specs/otel/trace/api/
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  context,
  propagation,
  ProxyTracerProvider,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';

const NAME = 'carnet';

/** Undefined: no SDK is configured. */
export function tracer(version: string): Tracer | undefined {
  const provider = trace.getTracerProvider();
  const isListening =
    !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(NAME, version) !== undefined;
  return isListening ? provider.getTracer(NAME, version) : undefined;
}

interface Told {
  method: string;
  interaction: string | undefined;
  status: number;
}

type Follow = (headers: IncomingHttpHeaders, run: (traceId: string) => Promise<Told>) => Promise<unknown>;

/** A span for each request, named by its route, under what the caller's `traceparent` says. */
export function followedBy(tracer: Tracer): Follow {
  return async ({ traceparent }, run) => {
    // not `tracestate` and `baggage`, which hold what the caller likes
    const around = propagation.extract(context.active(), { traceparent });
    const span = tracer.startSpan('request', { kind: SpanKind.SERVER }, around);
    try {
      const told = await context.with(
        trace.setSpan(around, span),
        run,
        undefined,
        span.spanContext().traceId,
      );
      const { interaction = 'none', method, status } = told;
      span.updateName(interaction);
      span.setAttributes({
        'http.request.method': methodOf(method),
        'http.response.status_code': status,
        'carnet.route': interaction,
      });
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  };
}

/** https://opentelemetry.io/docs/specs/semconv/http/http-spans/: others could carry anything */
function methodOf(method: string): string {
  return /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) ? method : '_OTHER';
}

type Names<T> = Partial<Record<keyof T & string, string>>;

/** The same, with a span around each of the methods that are named here. */
export function spanned<T extends object>(tracer: Tracer, inner: T, names: Names<T>): T {
  return new Proxy(inner, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const name = Object.hasOwn(names, key) ? names[key as keyof T & string] : undefined;
      if (name === undefined) return value.bind(target) as unknown;
      return (...args: unknown[]) => {
        const span = tracer.startSpan(name);
        const within = trace.setSpan(context.active(), span);
        return ended(
          span,
          context.with(within, () => Reflect.apply(value, target, args) as Promise<unknown>),
        );
      };
    },
  });
}

async function ended(span: ReturnType<Tracer['startSpan']>, work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
