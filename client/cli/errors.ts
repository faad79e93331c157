import { exitCodes } from '../../catalogue';
import type { ProblemCode } from '../problem';
import { Problem } from '../problem';

/** Errors as the command line ends with them: a problem and an exit code, never a stack trace. */
const codes: Partial<Record<ProblemCode, number>> = {
  BadUsage: exitCodes.BadUsage,
  BadInput: exitCodes.BadUsage,
};

export function exitCodeOf(problem: Problem): number {
  return codes[problem.code] ?? exitCodes.OtherError;
}

/** Whatever was thrown, as a problem. What nobody foresaw keeps its first line and asks for a report. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Problem('Other', message.split('\n')[0] || 'failed without a message', {
    remedy:
      'this was not foreseen: report it, with the command that you gave (RUNBOOK_DEBUG=1 shows where it happened)',
    cause: error,
  });
}

/** The problem as a JSON document. */
export function problemDocument(problem: Problem): { error: Record<string, unknown> } {
  const { code, message, remedy, fields } = problem;
  return {
    error: { code, message, remedy, fields: fields.length > 0 ? fields : undefined, exitCode: exitCodeOf(problem) },
  };
}
