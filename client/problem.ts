import type { FieldProblem } from '../catalogue';

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
