/** Finding the server that a request is about, and whether it can take an operation now. */
import type { FastifyRequest } from 'fastify';
import type { Context } from '../context';
import { gatewayErrors, providerErrors, type AzureError } from '../errors';
import { paramsOf } from '../http/facts';
import { serverType } from '../names';
import type { FlexibleServer, ServerState } from './record';
import { serverView } from './resource';

/** Throws Resource Manager's 404 when there is none. */
export function serverOf(context: Context, request: FastifyRequest): FlexibleServer {
  const { server, group } = paramsOf(request);
  const found = context.store.server(server);
  if (!found) throw gatewayErrors.resourceNotFound(serverType, server, group);
  return found;
}

export function stateOf(context: Context, server: FlexibleServer): ServerState {
  return context.operations.stateOf<ServerState>(server.name) ?? (server.started ? 'Ready' : 'Stopped');
}

export function placeOf(context: Context): { subscription: string; group: string } {
  return { subscription: context.options.subscriptionId, group: context.options.resourceGroup };
}

/** The first moment the server can be restored to: its oldest automated backup. */
export function earliestRestore(context: Context, server: FlexibleServer): string | undefined {
  return context.faults.backupsOf(server).find((backup) => backup.source === 'Automatic')?.completedAt;
}

export function viewOf(context: Context, server: FlexibleServer) {
  return serverView(placeOf(context), server, stateOf(context, server), earliestRestore(context, server));
}

/** Why an exclusive operation cannot begin: Azure accepts it and says so at the first poll. */
export function busyRefusal(context: Context, servers: string[], by: 'write' | 'other'): AzureError | undefined {
  const busy = servers.find((server) => context.operations.isBusy(server, true) || context.faults.isStillBusy(server));
  if (busy === undefined) return undefined;
  return by === 'write' ? providerErrors.busyServer(busy) : providerErrors.busyOperation(busy);
}

/** The refusal that `check` throws, if it does. */
export function refusalOf(check: () => void): AzureError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'from' in error) return error as AzureError;
    throw error;
  }
}
