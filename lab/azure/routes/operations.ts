/** Polling an operation, and the result that its Location gives. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context';
import { gatewayErrors, providerErrors } from '../errors';
import { factsOf, paramsOf } from '../http/facts';
import { shortTime } from '../http/headers';
import { isSigned } from '../operation-urls';
import type { Operation } from '../operations';
import { locationPath } from './paths';

export function operationRoutes(app: FastifyInstance, context: Context): void {
  app.get(`${locationPath}/azureAsyncOperation/:id`, (request, reply) => {
    const operation = polled(context, request, 'azureAsyncOperation');
    return reply.header('retry-after', String(operation.retryAfterSeconds)).send({
      ...{ name: operation.id, status: operation.status, startTime: shortTime(operation.startedAt) },
      ...(operation.error ? { error: operation.error } : {}),
    });
  });

  app.get(`${locationPath}/operationResults/:id`, (request, reply) =>
    result(polled(context, request, 'operationResults'), request, reply),
  );
}

function polled(context: Context, request: FastifyRequest, collection: string): Operation {
  const { id } = paramsOf(request);
  const operation = context.operations.get(id);
  if (!operation) throw providerErrors.operationNotFound(id);
  if (!isSigned(context.store.state.signingSecret, collection, id, factsOf(request).query))
    throw gatewayErrors.unsignedOperation();
  return operation;
}

/** Nothing after a DELETE, and nothing that says more than the server's name after anything else. */
function result(operation: Operation, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (operation.status === 'InProgress') {
    return reply
      .code(202)
      .headers({
        location: `https://${request.host}${request.url}`,
        'retry-after': String(operation.retryAfterSeconds),
      })
      .send();
  }
  if (operation.result === 'nothing') return reply.code(200).send();
  return reply.code(200).send({ properties: {}, name: operation.server, type: 'PostgreSQL' });
}
