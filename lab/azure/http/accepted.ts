/** The reply to a mutation: 202, the two URLs, and the operation instead of the resource. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context';
import type { AzureError } from '../errors';
import type { Timing } from '../durations';
import { serverId } from '../names';
import { operationUrls } from '../operation-urls';
import type { Beginning, Operation } from '../operations';
import { factsOf } from './facts';
import { shortTime } from './headers';
import { actionIn } from './path';

export interface Acceptance {
  kind: string;
  name: string;
  server: string;
  /** Defaults to the server itself. */
  holds?: Beginning['holds'];
  exclusive?: boolean;
  timing: Timing;
  parameters?: unknown;
  secret?: unknown;
  refusal?: AzureError;
  result?: Operation['result'];
}

/** Begins the operation and answers; the connection is dropped instead where a fault says so. */
export function accept(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  acceptance: Acceptance,
): FastifyReply {
  const { subscriptionId, resourceGroup, location, certificate } = context.options;
  const facts = factsOf(request);
  const operation = context.operations.begin({
    ...{ exclusive: false, holds: [{ server: acceptance.server }], ...acceptance },
    ...{
      caller: facts.caller,
      correlationId: facts.correlationId,
      action: actionIn(facts.logged.path, request.method),
    },
    resourceId: serverId(subscriptionId, resourceGroup, acceptance.server) + childPath(facts.logged.path),
  });
  context.requestLog.accepted(facts.logged, operation);
  if (context.faults.dropsReply(facts.logged, operation)) {
    facts.logged.status = 0;
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }
  const urls = operationUrls({
    ...{ origin: `https://${request.host}`, subscription: subscriptionId, location, apiVersion: facts.apiVersion },
    ...{ certificate, secret: context.store.state.signingSecret, operation },
  });
  return reply
    .code(202)
    .headers({
      'azure-asyncoperation': urls.asyncOperation,
      location: urls.location,
      'retry-after': String(operation.retryAfterSeconds),
    })
    .send({ operation: operation.name, startTime: shortTime(operation.startedAt) });
}

/** `/configurations/x` of a path below a server; nothing for the server itself and its actions. */
function childPath(path: string): string {
  const rest = /\/flexibleservers\/[^/]+(\/[^/]+\/[^/]+)/i.exec(path)?.[1];
  return rest ?? '';
}
