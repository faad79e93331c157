/** What long-operation.ts is given: the changes to make, and what the activity around it knows and can do. */
import type { Accepted, LoggedOperation, Operation, OperationState } from './operations';

/** What is changed: a server, a cache. */
export interface Changeable {
  /** Ready, or what else it is. */
  state: string;
  sku: string;
  storageGb?: number;
}

/** Where it is, and its operations, are asked. */
export interface Resources<Resource extends Changeable> {
  /** Throws what azure/failures.ts maps (ServerNotFound for a 404). */
  read(name: string): Promise<Resource>;
  pollOperation(operation: Operation): Promise<OperationState>;
  readOpenOperations(name: string): Promise<LoggedOperation[]>;
}

export interface Change<Resource extends Changeable> {
  /** Unique on its server, such as "size Standard_D8ds_v4"; shown in heartbeats and messages. */
  name: string;
  /** Another server under which Azure logs its operation: a replica is made and removed under its own name. */
  loggedUnder?: string;
  /** `accepted`: the changes of this activity that were sent. */
  isThere(resource: Resource, accepted: readonly string[]): Promise<boolean> | boolean;
  send(accepted: (operation: Operation) => void): Promise<Accepted>;
}

/** What heartbeats carry: the change in flight, and where to ask how it ends. */
export interface Progress {
  change: string;
  operation?: Operation;
  /** Names of the changes of this activity that Azure has accepted, over all attempts. */
  accepted: string[];
}

/** What the activity's context gives. */
export interface Circumstances {
  firstAttempt: boolean;
  /** The last heartbeat of the attempt before. */
  resumed?: Progress;
  /**
   * An operation of this run may be in flight on this server from before this activity: an undo. A retry that an operator
   * ordered comes late enough for the activity log.
   */
  busyMayBeOurs: boolean;
  correlationId: string;
  /** Milliseconds since the epoch. */
  deadlineAt: number;
  settleMs: number;
  now(): number;
  /** Rejects with the cancellation as soon as it comes. */
  sleep(ms: number): Promise<void>;
  heartbeat(progress: Progress): void;
  /** Throws WorkerStoodStill where another worker may have the activity by now. */
  assertAwake(): void;
}
