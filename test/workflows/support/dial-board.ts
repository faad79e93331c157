import { ApplicationFailure, Context, heartbeat } from '@temporalio/activity';
import type { ClientActivities } from '../../../activities/clients/contract';

export interface DialActivities {
  readDials(): Promise<Record<string, string>>;
  setDial(request: { dial: string; value: string; way: 'forward' | 'back' }): Promise<void>;
  checkDial(request: { dial: string; value: string }): Promise<string>;
}

/** A board of dials that the engine's tests turn, with a journal of every turn. */
export class DialBoard {
  readonly turns: string[] = [];
  /** Called before a dial is turned; what it throws fails the attempt before its effect. */
  before: (turn: string) => Promise<void> | void = () => undefined;
  /** Called after a dial was turned; what it throws fails the attempt after its effect. */
  after: (turn: string) => Promise<void> | void = () => undefined;
  /** Called before the dials are read; what it throws fails the attempt. */
  reading: () => Promise<void> | void = () => undefined;
  measured = { requests: 10, failedRequests: 0, longestStallSeconds: 0.1, unmeasuredSeconds: 0 };

  constructor(readonly dials: Record<string, string>) {}

  activities(): DialActivities & ClientActivities {
    return {
      readDials: async () => {
        await this.reading();
        return { ...this.dials };
      },
      setDial: async ({ dial, value, way }) => {
        if (this.dials[dial] === value) return;
        const turn = `${dial}=${value}${way === 'back' ? ' back' : ''}`;
        await this.before(turn);
        this.dials[dial] = value;
        this.turns.push(turn);
        await this.after(turn);
      },
      checkDial: ({ dial, value }) => {
        if (this.dials[dial] !== value) throw refusal(`${dial} shows ${this.dials[dial]}`);
        return Promise.resolve(`${dial} shows ${value}`);
      },
      measureClients: async () => {
        const beat = setInterval(() => heartbeat(this.measured), 500);
        await Context.current()
          .cancelled.catch(() => undefined)
          .finally(() => clearInterval(beat));
        return this.measured;
      },
    };
  }
}

/** A failure that no retry mends. */
export function refusal(message: string, type = 'AzureOperationFailed'): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}

/** Resolves when the activity in which it is called is cancelled; beats meanwhile, or it would never hear of it. */
export const untilCancelled = (): Promise<void> => beatingUntil(Context.current().cancelled);

/** However long that takes. */
export async function beatingUntil(over: Promise<void>): Promise<void> {
  const beat = setInterval(() => heartbeat(), 200);
  await over.finally(() => clearInterval(beat));
}
