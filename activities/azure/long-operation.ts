/**
 * Changes of one resource (a server, a cache) that take Azure minutes, made one after the other, each sent once.
 *
 * For each change:
 * 1. Read the server, and decide (long-operation-decision.ts).
 * 2. `send`: before the change no heartbeat, because a throttled second one could not carry what the next line learns;
 *    once Azure has accepted, a heartbeat at once with the operation's URL. A new worker resumes there.
 * 3. Poll until the operation ends. Only Succeeded, Failed and Canceled end it. A poll without an answer (404, 5xx, a
 *    broken connection) says nothing about the operation: read the server, go on polling.
 * 4. Succeeded: next change. The caller verifies the server itself; that is not this file's.
 *    Ended as busy: it was never begun; wait, read, decide anew. Failed or Canceled: read the server once more, say what
 *    it shows, throw `AzureOperationFailed`; nothing is assumed and nothing is sent again.
 * 5. Past the deadline: `OperationDeadlineExceeded`, because the operation may still be in flight.
 *
 * Whose operation keeps a server busy? Three things are reliable and used: the operation's URL in our own heartbeat; that
 * a change may have been sent before (a later attempt, a lost answer, an undo, an operator's retry); and the run's
 * correlation id where Azure's activity log shows it. The log alone is not enough: on Azure it is late by minutes, so
 * that an entry proves an operation to be ours while its absence proves nothing.
 */
import { failure, neverSent, type Problem } from '../failures';
import type { Change, Changeable, Circumstances, Progress, Resources } from './change';
import { armErrorOf, azureProblem, isBusyCode, problemOfReply } from './failures';
import { decide, type Situation } from './long-operation-decision';
import type { Accepted, LoggedOperation, Operation, OperationState } from './operations';

/**
 * Reads of a busy server come at this pace, growing from the first to the last; so do polls where Azure names no pace, as
 * Redis never does.
 */
const firstReadMs = 1000;
const lastReadMs = 15_000;

/** Makes the changes in their order. */
export async function makeChanges<Resource extends Changeable>(
  name: string,
  changes: Change<Resource>[],
  resources: Resources<Resource>,
  given: Circumstances,
): Promise<void> {
  const progress: Progress = { ...(given.resumed ?? { change: '', accepted: [] }) };
  // What lies before the change in flight was done: it is not even read again, because a busy server need not answer.
  const from = Math.max(
    0,
    changes.findIndex(({ name }) => name === progress.change),
  );
  const idle: Idle = { since: undefined };
  for (const change of changes.slice(from)) {
    if (progress.change !== change.name) {
      progress.change = change.name;
      delete progress.operation;
    }
    await new ChangeInProgress(name, change, resources, given, progress, idle).finish();
    delete progress.operation;
  }
}

/** Since when the server has been seen idle, over all changes: an undo with nothing to do waits once, not once a change. */
interface Idle {
  since: number | undefined;
}

class ChangeInProgress<Resource extends Changeable> {
  private readonly memory: { sameMayBeUnseen: boolean; busyMayBeOurs: boolean; busyRefusals: number };
  private readMs = firstReadMs;

  constructor(
    private readonly name: string,
    private readonly change: Change<Resource>,
    private readonly resources: Resources<Resource>,
    private readonly given: Circumstances,
    private readonly progress: Progress,
    private readonly idle: Idle,
  ) {
    const acceptedBefore = progress.accepted.length > 0;
    this.memory = {
      sameMayBeUnseen: !given.firstAttempt && progress.operation === undefined,
      busyMayBeOurs: given.busyMayBeOurs || !given.firstAttempt || acceptedBefore,
      busyRefusals: 0,
    };
  }

  async finish(): Promise<void> {
    for (;;) {
      const { progress } = this;
      if (progress.operation) {
        if (await this.follow(progress.operation)) return;
        continue;
      }
      const { server, there } = await this.read();
      switch (decide(this.situation(server?.state, there))) {
        case 'alreadyThere':
          return;
        case 'send':
          if (await this.send()) return;
          break;
        case 'refuseForeign':
          await this.refuseUnlessOurs();
          break;
        case 'refuseState':
          throw failure('ServerNotReady', `${this.name} is ${server?.state}; a change needs the state Ready`);
        case 'lookAgain':
          await this.pause(Math.min(firstReadMs, this.given.settleMs));
          break;
        default:
          await this.pause(this.nextReadMs());
      }
    }
  }

  private situation(state: string | undefined, there: boolean): Situation {
    const now = this.given.now();
    this.idle.since = state === 'Ready' ? (this.idle.since ?? now) : undefined;
    return {
      state,
      there,
      operationInFlight: this.progress.operation !== undefined,
      busyMayBeOurs: this.memory.busyMayBeOurs,
      // One operation at a time: what Azure has accepted of this activity came after whatever was on its way before.
      oppositeMayBeUnseen: this.given.busyMayBeOurs && this.progress.accepted.length === 0,
      sameMayBeUnseen: this.memory.sameMayBeUnseen,
      idleMs: this.idle.since === undefined ? 0 : now - this.idle.since,
      settleMs: this.given.settleMs,
      busyRefusals: this.memory.busyRefusals,
    };
  }

  /** The server and whether it shows the change. Waits out what is transient; a 404 is final only before our first change. */
  private async read(): Promise<{ server: Resource | undefined; there: boolean }> {
    for (;;) {
      try {
        const server = await this.resources.read(this.name);
        // A busy server shows what it is on its way to, and need not answer for its parameters.
        const there = server.state === 'Ready' && (await this.change.isThere(server, this.progress.accepted));
        return { server, there };
      } catch (error) {
        const problem = azureProblem(error);
        if (problem?.type === 'ServerNotFound' && this.progress.accepted.length > 0)
          return { server: undefined, there: false };
        if (!problem || !isTransient(problem)) throw error;
        await this.pause(waitOf(problem, this.nextReadMs()));
      }
    }
  }

  /** True when the change is made. */
  private async send(): Promise<boolean> {
    this.assertInTime();
    this.given.assertAwake();
    let accepted: Accepted;
    try {
      accepted = await this.change.send((operation) => this.accept(operation));
    } catch (error) {
      await this.notAccepted(error);
      return false;
    }
    if (!accepted.operation) {
      this.accept(undefined);
      return true;
    }
    return accepted.state === undefined ? false : this.ended(accepted.state, accepted.operation);
  }

  private accept(operation: Operation | undefined): void {
    const { progress, change } = this;
    if (operation) progress.operation = operation;
    this.idle.since = undefined;
    if (!progress.accepted.includes(change.name)) progress.accepted.push(change.name);
    this.given.heartbeat({ ...progress });
  }

  /** A change that got no 2xx: refused for good (throws), refused as busy or throttled, or perhaps accepted all the same. */
  private async notAccepted(error: unknown): Promise<void> {
    const reply = armErrorOf(error);
    const problem = reply ? problemOfReply(reply) : azureProblem(error);
    if (!problem) throw error;
    if (problem.type === 'ServerBusy') {
      this.memory.busyRefusals += 1;
    } else if (!isTransient(problem)) {
      throw failure(problem);
    } else if (problem.type === 'AzureUnavailable' && !neverSent(error)) {
      // The answer is lost; the change may have been accepted.
      this.memory.sameMayBeUnseen = true;
      this.memory.busyMayBeOurs = true;
      this.idle.since = undefined;
    }
    await this.pause(waitOf(problem, this.nextReadMs()));
  }

  /** Polls until the operation ends. True when the change is made, false when it has to be decided anew. */
  private async follow(operation: Operation): Promise<boolean> {
    let wait = 0;
    for (;;) {
      if (wait > 0) await this.pause(wait);
      const problem = await this.poll(operation);
      if ('status' in problem) {
        if (problem.status !== 'running') return this.ended(problem, operation);
        wait = this.pollMs(problem, operation);
        continue;
      }
      wait = waitOf(problem, this.nextReadMs());
      const { server, there } = await this.read();
      if (there && server?.state === 'Ready') return true;
    }
  }

  private async poll(operation: Operation): Promise<OperationState | Problem> {
    try {
      return await this.resources.pollOperation(operation);
    } catch (error) {
      const problem = azureProblem(error);
      if (!problem || problem.type === 'NotAuthorized') throw error;
      return problem;
    }
  }

  private async ended(state: OperationState, operation: Operation): Promise<boolean> {
    if (state.status === 'running') {
      await this.pause(this.pollMs(state, operation));
      return false;
    }
    if (state.status === 'succeeded') return true;
    delete this.progress.operation;
    if (isBusyCode(state.code)) {
      // Accepted, and then refused: nothing was begun, so nothing of ours is in flight by this.
      this.progress.accepted = this.progress.accepted.filter((name) => name !== this.change.name);
      this.memory.busyRefusals += 1;
      this.memory.sameMayBeUnseen = false;
      this.given.heartbeat({ ...this.progress });
      await this.pause(this.nextReadMs());
      return false;
    }
    const { server } = await this.read();
    const now = server ? wordsOf(server) : 'nothing (404)';
    const code = state.code || 'no code';
    throw failure({
      type: 'AzureOperationFailed',
      code: state.code,
      message: `"${this.change.name}" on ${this.name} ended ${state.status}: ${code}: ${state.message}; ARM now shows ${now}`,
    });
  }

  /** Busy, and nothing says that it is ours: the activity log may. Throws ServerBusy where it does not. */
  private async refuseUnlessOurs(): Promise<void> {
    const names = [this.name, ...(this.change.loggedUnder === undefined ? [] : [this.change.loggedUnder])];
    const open = names.map((name) => this.resources.readOpenOperations(name).catch((): LoggedOperation[] => []));
    const logged = (await Promise.all(open)).flat();
    if (logged.some(({ correlationId }) => correlationId === this.given.correlationId)) {
      this.memory.busyMayBeOurs = true;
      return;
    }
    const [newest] = logged;
    const known = newest ? `; in the activity log: ${newest.action} by ${newest.caller}, since ${newest.since}` : '';
    throw failure('ServerBusy', `${this.name} is busy with an operation that is not this run's${known}`);
  }

  private pollMs({ retryAfterSeconds }: { retryAfterSeconds?: number }, operation: Operation): number {
    const seconds = retryAfterSeconds ?? operation.retryAfterSeconds;
    return seconds === undefined ? this.nextReadMs() : seconds * 1000;
  }

  private nextReadMs(): number {
    const ms = this.readMs;
    this.readMs = Math.min(lastReadMs, this.readMs * 1.5);
    return ms;
  }

  private async pause(ms: number): Promise<void> {
    this.assertInTime();
    const left = this.given.deadlineAt - this.given.now();
    await this.given.sleep(Math.min(ms, Math.max(left, 1)));
  }

  private assertInTime(): void {
    if (this.given.now() < this.given.deadlineAt) return;
    const { accepted } = this.progress;
    const sent = accepted.includes(this.change.name) ? 'was accepted by Azure and has not ended' : 'could not be made';
    throw failure('OperationDeadlineExceeded', `"${this.change.name}" on ${this.name} ${sent} within the deadline`);
  }
}

function isTransient({ type }: Problem): boolean {
  return type === 'AzureUnavailable' || type === 'AzureThrottled' || type === 'CredentialUnavailable';
}

function waitOf({ retryAfterSeconds }: Problem, otherwiseMs: number): number {
  return retryAfterSeconds ? retryAfterSeconds * 1000 : otherwiseMs;
}

function wordsOf({ state, sku, storageGb }: Changeable): string {
  return `${state} with ${sku}${storageGb === undefined ? '' : ` and ${storageGb} GiB`}`;
}
