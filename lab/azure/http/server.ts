/**
 * The HTTPS side: what happens to every request before and after the part that knows its resource.
 *
 * 1. ids, log entry; 2. token; 3. api-version; 4. body; 5. subscription, group; 6. faults that answer instead;
 * 7. locks; 8. the handler; 9. Azure's headers; 10. the log entry is complete.
 */
import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { assertApiVersion } from '../api-versions';
import type { Context } from '../context';
import { AzureError, gatewayErrors, providerErrors } from '../errors';
import { assertUnlocked } from '../locks';
import { cacheProvider, provider, serverInPath, tenant } from '../names';
import { withoutSecrets, type LoggedRequest } from '../request-log';
import { factsOf, hasFacts, setFacts } from './facts';
import { alwaysSent, operationIdentifier, rateLimits, routingRequestId } from './headers';
import { bearerToken, callerOf } from './identity';
import { groupIn, isMutation, resourceIn, subscriptionIn, typeIn } from './path';

/** Of the program that serves caches, the same for all of its replies. */
const serverVersionId = randomUUID();
const bodyLimit = 4 * 1024 * 1024;
const knownNamespaces = new Set([
  provider.toLowerCase(),
  cacheProvider.toLowerCase(),
  'microsoft.authorization',
  'microsoft.insights',
  'microsoft.resources',
]);

export function createHttpServer(context: Context): FastifyInstance {
  const { key, certificate } = context.options;
  const app = Fastify({
    https: { key, cert: certificate },
    bodyLimit,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    // A path that cannot be decoded never reaches a hook.
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      const { status, body } = gatewayErrors.invalidUrl();
      void reply.code(status).headers(alwaysSent).send(body);
    },
    routerOptions: {
      caseSensitive: false,
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
      maxParamLength: 1000,
    },
  }) as unknown as FastifyInstance;

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? undefined : JSON.parse(body as string));
    } catch (error) {
      done(gatewayErrors.malformedBody((error as Error).message));
    }
  });

  app.addHook('onRequest', async (request, reply) => receive(context, request, reply));
  app.addHook('preHandler', async (request, reply) => {
    // A hook that has answered must return the reply, or the handler runs too.
    if (admit(context, request, reply)) return reply;
    return undefined;
  });
  app.addHook('onSend', async (request, reply, payload) => {
    if (hasFacts(request)) dress(context, request, reply);
    return payload;
  });
  app.setErrorHandler((error: FastifyError | AzureError, request, reply) =>
    answerError(context, error, request, reply),
  );
  app.setNotFoundHandler((request) => {
    throw notFound(request);
  });
  return app;
}

async function receive(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { method } = request;
  const [rawPath = '', search = ''] = request.url.split('?', 2);
  // Clients put two slashes where a part of an id is empty.
  const path = decodeURI(rawPath).replace(/\/{2,}/g, '/');
  const query = Object.fromEntries(
    [...new URLSearchParams(search)].map(([name, value]) => [name.toLowerCase(), value]),
  );
  const correlationId = headerOf(request, 'x-ms-correlation-request-id') ?? randomUUID();
  const logged: LoggedRequest = {
    ...{ id: randomUUID(), at: new Date().toISOString(), method, path, resource: resourceIn(path, method) },
    ...{ server: serverInPath(path)?.toLowerCase(), apiVersion: query['api-version'] },
    ...{ correlationId, userAgent: headerOf(request, 'user-agent') },
  };
  const facts = {
    query,
    apiVersion: query['api-version'] ?? '',
    requestId: logged.id,
    correlationId,
    caller: '',
    logged,
    byGateway: false,
  };
  setFacts(request, facts);
  context.requestLog.began(logged);
  reply.raw.once('close', () => {
    logged.status ??= 0;
    logged.latencyMs = Date.now() - Date.parse(logged.at);
    context.requestLog.answered(logged);
  });

  const authorization = headerOf(request, 'authorization');
  if (!authorization) throw gatewayErrors.noToken(tenant);
  const token = bearerToken(authorization);
  if (!token) throw gatewayErrors.wrongScheme(tenant);
  if (!context.options.isTokenValid(token)) throw gatewayErrors.badToken(tenant);
  facts.caller = callerOf(token);

  const { namespace, type } = typeIn(path);
  if (!knownNamespaces.has(namespace.toLowerCase())) throw gatewayErrors.unknownNamespace(namespace);
  assertApiVersion(query['api-version'], namespace, type, context.options.location);
}

/** True when the request is answered already. */
function admit(context: Context, request: FastifyRequest, reply: FastifyReply): boolean {
  const { method } = request;
  const { logged } = factsOf(request);
  if (request.body !== undefined && request.body !== null) logged.body = withoutSecrets(request.body);
  const subscription = subscriptionIn(logged.path);
  if (subscription && subscription.toLowerCase() !== context.options.subscriptionId.toLowerCase()) {
    throw gatewayErrors.subscriptionNotFound(subscription);
  }
  const group = groupIn(logged.path);
  const isGroupItself = group !== undefined && /\/resourcegroups\/[^/]+\/?$/i.test(logged.path);
  if (group && !isGroupItself && !context.store.state.groups[group.toLowerCase()])
    throw gatewayErrors.groupNotFound(group);
  if (context.faults.answers(request, reply)) return true;
  const isLock = typeIn(logged.path).namespace.toLowerCase() === 'microsoft.authorization';
  if (isMutation(method, logged.path) && !isLock && !isGroupItself) {
    const resource = logged.path.replace(/\/(restart|stop|start|regeneratekey|forcereboot)$/i, '');
    assertUnlocked(context.store.state.locks, resource, method);
  }
  return false;
}

/** Puts Azure's headers on a reply. */
function dress(context: Context, request: FastifyRequest, reply: FastifyReply): void {
  const facts = factsOf(request);
  const { location } = context.options;
  facts.logged.status = reply.statusCode;
  reply.headers({
    ...alwaysSent,
    'x-ms-request-id': facts.requestId,
    'x-ms-correlation-request-id': facts.correlationId,
    'x-ms-routing-request-id': routingRequestId(location, facts.requestId),
  });
  const clientRequestId = headerOf(request, 'x-ms-client-request-id');
  if (clientRequestId && headerOf(request, 'x-ms-return-client-request-id') === 'true') {
    reply.header('x-ms-client-request-id', clientRequestId);
  }
  if (facts.byGateway) {
    reply.header('x-ms-failure-cause', 'gateway');
  } else {
    reply.headers(rateLimits(request.method));
    if (typeIn(facts.logged.path).namespace.toLowerCase() === provider.toLowerCase()) {
      reply.header('x-ms-operation-identifier', operationIdentifier(tenant, location));
    }
    if (isOfCaches(facts.logged.path)) reply.header('x-rp-server-mvid', serverVersionId);
  }
}

function answerError(
  context: Context,
  error: FastifyError | AzureError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const azureError = translate(error, request);
  if (!azureError) context.warn(`${request.method} ${request.url.split('?')[0]} failed`, error);
  const answer = azureError ?? providerErrors.unexpected(randomUUID());
  const facts = factsOf(request);
  facts.byGateway = answer.from === 'gateway';
  facts.logged.errorCode = answer.code;
  void reply.code(answer.status).headers(answer.headers).send(answer.body);
}

function translate(error: FastifyError | AzureError, request: FastifyRequest): AzureError | undefined {
  if (error instanceof AzureError) return error;
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return gatewayErrors.mediaType(headerOf(request, 'content-type')?.split(';')[0] ?? '');
  }
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return gatewayErrors.bodyTooLarge();
  if (error.code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return gatewayErrors.emptyBody();
  if (error.statusCode !== undefined && error.statusCode < 500) return gatewayErrors.malformedBody(error.message);
  return undefined;
}

function notFound(request: FastifyRequest): AzureError {
  const { path } = factsOf(request).logged;
  const { namespace, type } = typeIn(path);
  if (/^microsoft\.(dbforpostgresql\/flexibleservers|cache\/redis)$/i.test(`${namespace}/${type}`)) {
    return gatewayErrors.methodNotAllowed(request.method, path);
  }
  if (path.toLowerCase().includes('/providers/'))
    return gatewayErrors.unknownType(namespace, type, factsOf(request).apiVersion);
  return gatewayErrors.notFound(path);
}

function isOfCaches(path: string): boolean {
  return typeIn(path).namespace.toLowerCase() === cacheProvider.toLowerCase();
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
