/** Locks and long-running operations of Azure Resource Manager, whatever the resource: small, plain, without a type of the vendor's. */
import type { RequestIdentity } from '../request-identity';

export interface ResourceLock {
  name: string;
  /** CanNotDelete or ReadOnly. */
  level: string;
  /** Id of what it locks: the resource, its resource group or the subscription. */
  scope: string;
}

/** An accepted change: all that another process needs to ask how it ends. At most some 4 kB (its signature is long). */
export interface Operation {
  url: string;
  /** Pace of the polls that Azure asks for. */
  retryAfterSeconds?: number;
}

export type OperationState =
  | { status: 'running'; retryAfterSeconds?: number }
  | { status: 'succeeded' }
  | { status: 'failed' | 'canceled'; code: string; message: string };

/** `operation` is absent where Azure did it at once; `state` where it was not polled yet. */
export interface Accepted {
  operation?: Operation;
  state?: OperationState;
}

/** A change in Azure's activity log. The log is late by minutes on Azure: what is absent there may still be in flight. */
export interface LoggedOperation {
  operationId: string;
  /** Such as "Microsoft.DBforPostgreSQL/flexibleServers/write". */
  action: string;
  caller: string;
  correlationId: string;
  /** When it began, ISO 8601. */
  since: string;
}

export interface ChangeOptions {
  identity: RequestIdentity;
  /** Called once, as soon as Azure has accepted the change. */
  accepted?: (operation: Operation) => void;
}
