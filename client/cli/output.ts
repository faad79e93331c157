import type { Problem } from '../problem';
import { commandName } from './command-name';
import { asProblem, problemDocument } from './errors';
import { renderProblem } from './render/problem';
import type { Look } from './render/text';

/**
 * Where a command writes. For people: results on standard output, remarks and errors on standard error. With `--json`: one
 * document on standard output, and nothing else there.
 */
export interface Output {
  readonly json: boolean;
  readonly look: Look;
  /** Whether lines may be redrawn: a terminal, and not asked for JSON. */
  readonly live: boolean;
  /** The result: as a document with `--json`, as text without. */
  result(document: unknown, text: () => string): void;
  /** Something on the way: never part of a document. */
  remark(text: string): void;
  problem(error: unknown): Problem;
}

export function makeOutput(json: boolean): Output {
  const { stdout, stderr } = process;
  const command = commandName();
  const remarks = json ? stderr : stdout;
  return {
    json,
    look: lookOf(stdout, command),
    live: !json && stdout.isTTY && process.env.TERM !== 'dumb',
    result: (document, text) => stdout.write(`${json ? toJson(document) : text()}\n`),
    remark: (text) => remarks.write(`${text}\n`),
    problem(error) {
      const problem = asProblem(error);
      if (process.env.RUNBOOK_DEBUG) console.error(problem.cause ?? problem);
      if (json) stdout.write(`${toJson(problemDocument(problem))}\n`);
      else stderr.write(`${renderProblem(problem, lookOf(stderr, command))}\n`);
      return problem;
    },
  };
}

/** Colour only on a terminal that has it, and not against NO_COLOR; a log gets lines of 120 columns. */
function lookOf(stream: NodeJS.WriteStream, command: string): Look {
  return { colour: stream.isTTY && stream.hasColors(), width: Math.max(80, stream.columns ?? 120), command };
}

/** Characters that JSON leaves alone and a terminal might obey: controls, and those that reverse the direction of text. */
const obeyed = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function toJson(document: unknown): string {
  return JSON.stringify(document, undefined, 2).replace(
    obeyed,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
