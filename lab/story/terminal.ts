/**
 * What a demo or a comparison types and says: commands as a person types them, run as programs of their own, with what they print.
 * The two programs are run by their launchers and shown as this machine's user types them.
 */
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';
import { labCommand, runbookCommand } from '../cli/output';
import { repository } from '../lab';

export type Program = 'lab' | 'runbook';
const shownAs = { lab: labCommand, runbook: runbookCommand };

/** Throws by `finished` when it was interrupted. */
export class Interrupted extends Error {}

interface ShowOptions {
  /** Lines that are not worth reading here; a run of them is shown as one ellipsis. */
  omit?: (line: string) => boolean;
  /** Sends it Ctrl-C. */
  stop?: AbortSignal;
  /** Shown as an ellipsis. */
  secret?: string;
  /** It must not end by the Ctrl-C that ends the story. */
  undisturbed?: boolean;
}

export class Terminal {
  private environment: NodeJS.ProcessEnv;

  constructor(
    environment: Record<string, string>,
    private readonly interrupt: AbortSignal,
  ) {
    this.environment = { ...process.env, ...environment };
  }

  /** What all later commands find in their environment. */
  export(environment: Record<string, string>): void {
    this.environment = { ...this.environment, ...environment };
  }

  heading(text: string, why = ''): void {
    console.log(`\n${styleText('bold', text)}${why && `\n${why}`}`);
  }

  /** A line that a shell takes, shown only. */
  typed(line: string): void {
    console.log(styleText('cyan', `$ ${line}`));
  }

  /** Shows the command and what it prints. Resolves to its exit status. */
  async show(program: Program, args: string[], options: ShowOptions = {}): Promise<number> {
    const { omit, stop, secret, undisturbed = false } = options;
    const typed = [shownAs[program], ...args.map(shellWord)].join(' ');
    this.typed(secret === undefined ? typed : typed.replaceAll(secret, '…'));
    const stdio = omit ? 'pipe' : 'inherit';
    const child = this.spawn(program, args, { stdio: ['ignore', stdio, 'inherit'], detached: undisturbed });
    const interrupt = () => child.kill('SIGINT');
    const signals = [stop, ...(undisturbed ? [] : [this.interrupt])].filter((signal) => signal !== undefined);
    for (const signal of signals) signal.addEventListener('abort', interrupt);
    if (omit) printExcept(createInterface({ input: child.stdout! }), omit);
    const [status] = (await once(child, 'close')) as [number | null];
    for (const signal of signals) signal.removeEventListener('abort', interrupt);
    if (!undisturbed && this.interrupt.aborted) throw new Interrupted();
    return status ?? 1;
  }

  /** As `show`. Throws for any exit status but these. */
  async must(program: Program, args: string[], options: ShowOptions & { exits?: number[] } = {}): Promise<number> {
    const status = await this.show(program, args, options);
    if ((options.exits ?? [0]).includes(status)) return status;
    throw new Error(`"${shownAs[program]} ${args[0]}" ended with status ${status}`);
  }

  /** As `must`, for a command that prints little. Resolves to what it printed. */
  async read(program: Program, args: string[]): Promise<string> {
    const lines: string[] = [];
    const omit = (line: string) => lines.push(line) === 0;
    await this.must(program, args, { omit });
    return lines.join('\n');
  }

  /** Asks a program for its JSON, unseen. Throws with what it complained of when there is none. */
  async ask<Answer>(program: Program, args: string[]): Promise<Answer> {
    const child = this.spawn(program, ['--json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { out: '', error: '' };
    child.stdout!.on('data', (part: Buffer) => (texts.out += part.toString()));
    child.stderr!.on('data', (part: Buffer) => (texts.error += part.toString()));
    await once(child, 'close');
    if (this.interrupt.aborted) throw new Interrupted();
    if (texts.out === '') throw new Error(`"${shownAs[program]} ${args[0]}": ${texts.error.trim()}`);
    return JSON.parse(texts.out) as Answer;
  }

  private spawn(program: Program, args: string[], options: SpawnOptions) {
    return spawn(join(repository, 'bin', program), args, { ...options, env: this.environment });
  }
}

function printExcept(lines: NodeJS.EventEmitter, omit: (line: string) => boolean): void {
  let omitting = false;
  lines.on('line', (line: string) => {
    if (!omit(line)) console.log(line);
    else if (!omitting && line !== '') console.log(styleText('dim', '  …'));
    omitting = omit(line) && (omitting || line !== '');
  });
}

/** An argument as a shell takes it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
