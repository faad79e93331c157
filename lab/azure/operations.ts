/**
 * Long-running operations.
 *
 * 1. `begin` answers with an operation in progress, written down before the client hears of it;
 * 2. its kind does the real work, at the moments of the operation's time that it chooses (`reach`), and the operation
 *    ends when both the work and Azure's duration divided by the time factor are over;
 * 3. meanwhile its servers are busy: GET shows the state that it gives them, other operations are refused;
 * 4. a daemon that is started again goes on with those whose kind can be done twice, and ends the others as `Failed`.
 *
 * An operation can also begin as refused: Azure accepts most requests first (202) and says no at the first poll.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from './context';
import { scaledRetryAfter, type Timing } from './durations';
import { AzureError, providerErrors } from './errors';
import type { CacheState } from './caches/record';
import type { ServerState } from './flexible-servers/record';

export type BusyState = ServerState | CacheState;
export type OperationStatus = 'InProgress' | 'Succeeded' | 'Failed' | 'Canceled';

export interface Operation {
  id: string;
  kind: string;
  /** Azure's name for it, such as `UpsertServerManagementOperationV2`. */
  name: string;
  /** Name of the server or cache. */
  server: string;
  /** Everything that is busy meanwhile, with the state GET shows; without one GET goes on showing `Ready`. */
  holds: { server: string; state?: BusyState }[];
  /** Refuses every other operation on its servers; others refuse only the exclusive ones. */
  exclusive: boolean;
  startedAt: string;
  /** Milliseconds. */
  durationMs: number;
  retryAfterSeconds: number;
  status: OperationStatus;
  endedAt?: string;
  /** When a promotion had made a primary of its server, which is before the operation ends. */
  effectiveAt?: string;
  error?: { code: string; message: string };
  /** True for what somebody else began: no request of the log belongs to it. */
  foreign?: boolean;
  /** Refused as busy or invalid before any work was done. */
  refused?: boolean;
  parameters: unknown;
  /** The restart that belongs to it has been done. */
  restarted?: boolean;
  /** A secret belongs to it that was kept in memory only. */
  hasSecret?: boolean;
  caller: string;
  correlationId: string;
  resourceId: string;
  /** `Microsoft.DBforPostgreSQL/flexibleServers/write` and the like. */
  action: string;
  /** What a GET of the operation's Location gives in the end. */
  result: 'server' | 'nothing';
}

export interface OperationKind<Parameters = unknown> {
  /** Does the real work. Throws an AzureError to end as `Failed` with its code. */
  perform(context: Context, operation: Operation & { parameters: Parameters }, time: OperationTime): Promise<void>;
  /** True when the work can be done again from the start after a crash. */
  repeatable: boolean;
  /** Clears what an operation that cannot go on has left. */
  abandon?(context: Context, operation: Operation): Promise<void>;
}

export interface OperationTime {
  /** Waits until this share (0–1) of the operation's time is over. */
  reach(share: number): Promise<void>;
  sleep(ms: number): Promise<void>;
}

export interface Beginning {
  kind: string;
  name: string;
  server: string;
  holds: Operation['holds'];
  exclusive: boolean;
  timing: Timing;
  parameters?: unknown;
  /** Kept in memory only: an operation that has one cannot go on after a restart of the daemon. */
  secret?: unknown;
  refusal?: AzureError;
  caller: string;
  correlationId: string;
  resourceId: string;
  action: string;
  result?: Operation['result'];
  foreign?: boolean;
}

/** A day. */
const longestSeconds = 86_400;

export class Operations {
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<void>>();
  /** Those in progress: every look at a server asks for them, and hundreds have ended. */
  private readonly open: Set<Operation>;
  private readonly secrets = new Map<string, unknown>();

  constructor(
    private readonly context: Context,
    private readonly kinds: Record<string, OperationKind>,
  ) {
    this.open = new Set(Object.values(this.all).filter(({ status }) => status === 'InProgress'));
  }

  private get all(): Record<string, Operation> {
    return this.context.store.state.operations;
  }

  get(id: string): Operation | undefined {
    return this.all[id.toLowerCase()];
  }

  secretOf<T>(operation: Operation): T {
    return this.secrets.get(operation.id) as T;
  }

  inProgress(server: string): Operation[] {
    const same = (name: string) => name.toLowerCase() === server.toLowerCase();
    return [...this.open].filter(({ holds }) => holds.some((hold) => same(hold.server)));
  }

  /** The state that the operations in progress give a server. */
  stateOf<State extends BusyState>(server: string): State | undefined {
    for (const operation of this.inProgress(server)) {
      const state = operation.holds.find((hold) => hold.server.toLowerCase() === server.toLowerCase())?.state;
      if (state) return state as State;
    }
    return undefined;
  }

  /** True when a new operation, exclusive or not, would be refused on this server. */
  isBusy(server: string, exclusive: boolean): boolean {
    return this.inProgress(server).some((operation) => exclusive || operation.exclusive);
  }

  begin(beginning: Beginning): Operation {
    const { kind, name, server, holds, exclusive, timing, refusal } = beginning;
    const { timeFactor } = this.context.options;
    const now = new Date().toISOString();
    const operation: Operation = {
      ...{ id: randomUUID(), kind, name, server, exclusive, startedAt: now, foreign: beginning.foreign },
      holds: refusal ? [] : holds,
      durationMs: 1000 * (this.context.store.state.takes[kind] ?? timing.seconds / timeFactor),
      retryAfterSeconds: scaledRetryAfter(timing.retryAfterSeconds, timeFactor),
      ...{ status: 'InProgress', parameters: beginning.parameters ?? {}, result: beginning.result ?? 'server' },
      ...{ caller: beginning.caller, correlationId: beginning.correlationId },
      ...{ resourceId: beginning.resourceId, action: beginning.action },
    };
    if (beginning.secret !== undefined) {
      operation.hasSecret = true;
      this.secrets.set(operation.id, beginning.secret);
    }
    this.all[operation.id] = operation;
    this.open.add(operation);
    this.context.activityLog.began(operation);
    if (refusal) {
      operation.refused = true;
      this.end(operation, refusal);
    } else {
      this.context.store.save();
      this.run(operation);
    }
    return operation;
  }

  /** From now on operations of that kind take so many seconds; undefined: Azure's time, divided. Throws where there is no such kind. */
  setTime(kind: string, seconds: number | undefined): void {
    if (!(kind in this.kinds))
      throw new Error(`no operation is called ${kind}; there are: ${Object.keys(this.kinds).sort().join(', ')}`);
    const { store } = this.context;
    if (seconds === undefined) delete store.state.takes[kind];
    else if (seconds >= 0 && seconds <= longestSeconds) store.state.takes[kind] = seconds;
    else throw new Error(`${seconds} seconds: 0 to ${longestSeconds} are allowed`);
    store.save();
  }

  /** Goes on with what the last daemon left. */
  resume(): void {
    for (const operation of [...this.open]) {
      const kind = this.kinds[operation.kind];
      if (kind?.repeatable && !operation.hasSecret) {
        this.run(operation);
        continue;
      }
      void kind
        ?.abandon?.(this.context, operation)
        .catch((error) => this.context.warn(`cannot clear up after ${operation.kind}`, error));
      this.end(operation, providerErrors.interrupted());
    }
  }

  /** Stops waiting; operations stay in progress for the next daemon. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.running);
  }

  private run(operation: Operation): void {
    const work = this.perform(operation).finally(() => this.running.delete(work));
    this.running.add(work);
  }

  private async perform(operation: Operation): Promise<void> {
    const time = this.timeOf(operation);
    try {
      await this.context.faults.hold(operation, time);
      const kind = this.kinds[operation.kind];
      if (!kind) throw new Error(`no operation is called ${operation.kind}`);
      if (this.context.faults.cancels(operation)) {
        this.end(operation, providerErrors.preempted(), 'Canceled');
        return;
      }
      await kind.perform(this.context, operation, time);
      await time.reach(1);
      this.end(operation);
    } catch (error) {
      if (this.closing.signal.aborted) return;
      if (error instanceof AzureError) {
        this.end(operation, error);
      } else {
        this.context.warn(`operation ${operation.kind} on ${operation.server} failed`, error);
        this.end(operation, providerErrors.unexpected(operation.id));
      }
    }
  }

  private end(
    operation: Operation,
    error?: AzureError,
    status: OperationStatus = error ? 'Failed' : 'Succeeded',
  ): void {
    operation.status = status;
    this.open.delete(operation);
    operation.endedAt = new Date().toISOString();
    if (error) operation.error = error.body.error;
    this.secrets.delete(operation.id);
    this.context.store.save();
    this.context.activityLog.ended(operation);
    this.context.requestLog.operationEnded(operation);
  }

  private timeOf(operation: Operation): OperationTime {
    const wait = (ms: number) => sleep(Math.max(0, ms), undefined, { signal: this.closing.signal });
    return {
      sleep: wait,
      reach: (share) => wait(Date.parse(operation.startedAt) + operation.durationMs * share - Date.now()),
    };
  }
}
