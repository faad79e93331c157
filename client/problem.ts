/**
 * The one error that the ways in (command line, later HTTP) show to people: what was given, what is allowed, what to do.
 */
export type ProblemCode =
  | 'BadUsage'
  | 'BadInput'
  | 'NotFound'
  | 'Ambiguous'
  | 'Unreachable'
  | 'NamespaceNotFound'
  | 'NotRegistered'
  | 'NoWorker'
  | 'Rejected'
  | 'Interrupted'
  | 'Other';

/** One field of an input that does not fit. */
export interface FieldProblem {
  /** Dotted, such as "clientBudget.failedRequests"; empty for the input as a whole. */
  field: string;
  /** What was given, shortened; absent where nothing was. */
  given?: string;
  allowed: string;
  /** What to do. */
  remedy: string;
}

interface ProblemDetails {
  /** What to do, in a sentence. */
  remedy?: string;
  fields?: FieldProblem[];
  cause?: unknown;
}

export class Problem extends Error {
  readonly code: ProblemCode;
  readonly remedy?: string;
  readonly fields: FieldProblem[];

  constructor(code: ProblemCode, message: string, { remedy, fields = [], cause }: ProblemDetails = {}) {
    super(message, { cause });
    this.name = 'Problem';
    this.code = code;
    this.remedy = remedy;
    this.fields = fields;
  }
}
