/** Errors as OperationOutcome: https://hl7.org/fhir/R4/operationoutcome.html */
import type { Resource } from './resource.ts';

/** Issue codes in use, each with the HTTP status that it means here. https://hl7.org/fhir/R4/valueset-issue-type.html */
export const STATUS = {
  invalid: 400,
  structure: 400,
  required: 400,
  value: 400,
  invariant: 422,
  'code-invalid': 422,
  'business-rule': 422,
  processing: 422,
  security: 403,
  login: 401,
  expired: 401,
  forbidden: 403,
  'not-supported': 400,
  'not-found': 404,
  deleted: 410,
  conflict: 412,
  duplicate: 409,
  'multiple-matches': 412,
  'too-long': 413,
  'too-costly': 403,
  throttled: 429,
  exception: 500,
  transient: 503,
  'no-store': 503,
  timeout: 503,
} as const;

export type IssueCode = keyof typeof STATUS;

export interface Issue {
  severity: 'fatal' | 'error' | 'warning' | 'information';
  code: IssueCode | 'informational' | 'suppressed';
  /** For the caller: lower case, no full stop, the input in backticks, what is allowed; no internal names. */
  text: string;
  /** FHIRPath of the element, such as `Patient.name[0].given`. */
  expression?: string;
  /** Of a profile, by its canonical address and the id of the element in it. */
  rule?: { profile: string; element: string };
}

export interface ErrorOptions {
  status?: number;
  expression?: string;
  cause?: unknown;
  headers?: Record<string, string>;
}

/** The one error type: what the caller is told, and the cause for the log. The status follows from the code. */
export class FhirError extends Error {
  readonly issues: Issue[];
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(code: IssueCode, text: string, options: ErrorOptions = {}) {
    super(text, { cause: options.cause });
    this.issues = [{ severity: 'error', code, text, expression: options.expression }];
    this.status = options.status ?? STATUS[code];
    this.headers = options.headers ?? {};
  }

  static of(issues: Issue[], status?: number): FhirError {
    const first = issues[0] ?? { severity: 'error', code: 'exception', text: 'internal error' };
    const error = new FhirError(
      first.code === 'informational' || first.code === 'suppressed' ? 'processing' : first.code,
      first.text,
      {
        status,
      },
    );
    error.issues.splice(0, 1, ...issues);
    return error;
  }
}

export function outcome(issues: Issue[]): Resource {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ severity, code, text, expression }) => ({
      severity,
      code,
      details: { text },
      ...(expression === undefined ? {} : { expression: [expression] }),
    })),
  };
}
