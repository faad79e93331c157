import type { Command } from 'commander';
import { Runs } from '../runs';
import type { Temporal } from '../temporal';
import { connect } from '../temporal';
import { exitCodeOf } from './errors';
import { whoSpeaks } from './identity';
import type { Output } from './output';
import { makeOutput } from './output';

/** What every command needs: where to write, who speaks, and Temporal once it is asked for. */
export interface Session {
  output: Output;
  /** `--as`, where it was given. */
  as: string | undefined;
  /** Who speaks; throws `BadUsage` where nobody can be told. */
  identity(): string;
  temporal(): Promise<Temporal>;
  runs(): Promise<Runs>;
}

/** Options that every command takes. */
export interface GlobalOptions {
  json?: boolean;
  as?: string;
}

/** A command's work: shows its result and resolves to the exit code. */
export type Work<Arguments extends unknown[]> = (session: Session, ...given: Arguments) => Promise<number>;

/** Makes a commander action of a command's work: every error is shown as people read it, and the connection is closed. */
export function action<Arguments extends unknown[]>(work: Work<Arguments>) {
  return async function (this: Command, ...given: unknown[]): Promise<void> {
    const { json = false, as } = this.optsWithGlobals<GlobalOptions>();
    const output = makeOutput(json);
    let connecting: Promise<Temporal> | undefined;
    const session: Session = {
      output,
      as,
      identity: () => whoSpeaks(as),
      temporal: () => (connecting ??= connect(whoSpeaks(as))),
      runs: async () => new Runs(await session.temporal()),
    };
    try {
      // Commander adds the command itself as the last argument.
      process.exitCode = await work(session, ...(given.slice(0, -1) as Arguments));
    } catch (error) {
      process.exitCode = exitCodeOf(output.problem(error));
    } finally {
      await connecting?.then((temporal) => temporal.close()).catch(() => undefined);
    }
  };
}
