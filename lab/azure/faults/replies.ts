/** Faults that answer a request instead of its handler. */
import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context';
import { gatewayErrors, providerErrors, type AzureError } from '../errors';
import { factsOf } from '../http/facts';
import { isMutation } from '../http/path';
import type { LoggedRequest } from '../request-log';
import type { FaultBoard } from './board';

const unavailablePage =
  '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n' +
  '<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r\n' +
  '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r\n' +
  '<BODY><h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>\r\n</BODY></HTML>\r\n';

const poll = /\/(azureasyncoperation|asyncoperations|operationresults)\/([^/]+)$/i;

export function answerInstead(
  board: FaultBoard,
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  const { logged } = factsOf(request);
  const polled = poll.exec(logged.path)?.[2];
  const server = logged.server ?? (polled === undefined ? undefined : context.operations.get(polled)?.server);
  const kind = polled !== undefined ? 'poll' : isMutation(logged.method, logged.path) ? 'mutation' : 'read';
  const on = (fault: { options: Record<string, unknown> }) => ['any', kind].includes(fault.options['on'] as string);

  if (board.hit('unavailable', server, on)) {
    logged.fault = 'unavailable';
    void reply.code(503).type('text/html; charset=us-ascii').send(unavailablePage);
    return true;
  }
  const error = errorInstead(board, context, logged, kind, server, polled, on);
  if (error) throw error;
  return false;
}

function errorInstead(
  board: FaultBoard,
  context: Context,
  logged: LoggedRequest,
  kind: 'poll' | 'mutation' | 'read',
  server: string | undefined,
  polled: string | undefined,
  on: (fault: { options: Record<string, unknown> }) => boolean,
): AzureError | undefined {
  const throttle = board.hit('throttle', server, on);
  if (throttle) {
    logged.fault = 'throttle';
    const seconds = Number(throttle.options['seconds']);
    return gatewayErrors.throttled(
      context.options.subscriptionId,
      `${logged.method}${logged.path.toUpperCase()}`,
      seconds,
    );
  }
  if (board.hit('server-error', server, on)) {
    logged.fault = 'server-error';
    return providerErrors.unexpected(randomUUID());
  }
  if (kind === 'mutation' && board.hit('conflict', server)) {
    logged.fault = 'conflict';
    return providerErrors.conflict(server ?? '');
  }
  if (polled !== undefined && board.hit('poll-not-found', server)) {
    logged.fault = 'poll-not-found';
    return providerErrors.operationNotFound(polled);
  }
  if (polled !== undefined && board.hit('poll-error', server)) {
    logged.fault = 'poll-error';
    return providerErrors.unexpected(randomUUID());
  }
  return undefined;
}
