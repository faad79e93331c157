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

/** Begins the operation and answers as the PostgreSQL provider does. */
export function accept(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  acceptance: Acceptance,
): FastifyReply {
  const { subscriptionId, resourceGroup } = context.options;
  const resourceId = serverId(subscriptionId, resourceGroup, acceptance.server);
  return beginAndAnswer(context, request, reply, { ...acceptance, resourceId }, (operation) => {
    const urls = operationUrls(urlPlace(context, request, operation));
    return reply
      .code(202)
      .headers({
        'azure-asyncoperation': urls.asyncOperation,
        location: urls.location,
        'retry-after': String(operation.retryAfterSeconds),
      })
      .send({ operation: operation.name, startTime: shortTime(operation.startedAt) });
  });
}

/** Begins the operation; the connection is dropped instead of an answer where a fault says so. */
export function beginAndAnswer(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  acceptance: Acceptance & { resourceId: string },
  answer: (operation: Operation) => FastifyReply,
): FastifyReply {
  const facts = factsOf(request);
  const operation = context.operations.begin({
    ...{ exclusive: false, holds: [{ server: acceptance.server }], ...acceptance },
    ...{
      caller: facts.caller,
      correlationId: facts.correlationId,
      action: actionIn(facts.logged.path, request.method),
    },
    resourceId: acceptance.resourceId + childPath(facts.logged.path),
  });
  context.requestLog.accepted(facts.logged, operation);
  if (context.faults.dropsReply(facts.logged, operation)) {
    facts.logged.status = 0;
    reply.hijack();
    request.raw.socket.destroy();
    return reply;
  }
  return answer(operation);
}

/** What the URLs of an operation are made of. */
export function urlPlace(context: Context, request: FastifyRequest, operation: Operation) {
  const { subscriptionId: subscription, location, certificate } = context.options;
  const { apiVersion } = factsOf(request);
  return {
    ...{ origin: `https://${request.host}`, subscription, location, apiVersion },
    ...{ certificate, secret: context.store.state.signingSecret, operation },
  };
}

/** `/configurations/x` of a path below a server; nothing for the server itself and its actions. */
function childPath(path: string): string {
  const rest = /\/flexibleservers\/[^/]+(\/[^/]+\/[^/]+)/i.exec(path)?.[1];
  return rest ?? '';
}
