/** The requests about caches, answered as the Redis provider does: the whole resource, at once, with its state in it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context';
import { timings } from '../durations';
import { cacheErrors, gatewayErrors, providerErrors } from '../errors';
import { placeOf } from '../flexible-servers/access';
import { beginAndAnswer, urlPlace, type Acceptance } from '../http/accepted';
import { parseBody } from '../http/body';
import { factsOf, paramsOf } from '../http/facts';
import { cacheProvider, isRegion, regionName } from '../names';
import { cacheOperationUrl, isSigned } from '../operation-urls';
import type { Operation } from '../operations';
import { cacheLocationPath, cachePath, cachesPath, subscriptionPath } from '../routes/paths';
import { assertIdle, cacheOf, idOfCache, viewOfCache } from './access';
import { cacheBody } from './body';
import type { CacheState, RedisCache } from './record';
import { cacheView } from './resource';
import { firstConfiguration, planCacheUpdate } from './rules';
import { findCacheSize } from './sizes';
import { newCacheKey } from './keys';

const cacheName = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

export function cacheRoutes(app: FastifyInstance, context: Context): void {
  const all = () => ({
    value: context.store.caches.map((cache) => context.faults.staleView(cache.name) ?? viewOfCache(context, cache)),
  });
  app.get(cachesPath, all);
  app.get(`${subscriptionPath}/providers/${cacheProvider}/redis`, all);
  app.get(cachePath, (request) => {
    const cache = cacheOf(context, request);
    return (
      context.faults.staleView(cache.name) ?? { ...viewOfCache(context, cache), ...context.faults.padding(cache.name) }
    );
  });
  app.put(cachePath, (request, reply) => put(context, request, reply));
  app.patch(cachePath, (request, reply) => patch(context, request, reply, cacheOf(context, request)));
  app.delete(cachePath, (request, reply) => remove(context, request, reply));
  app.post(`${cachePath}/listKeys`, (request) => keysView(cacheOf(context, request)));
  app.post(`${cachePath}/regenerateKey`, (request) => regenerateKey(context, request));
  app.post(`${cachePath}/forceReboot`, (request) => forceReboot(context, request));
  pollRoutes(app, context);
}

function put(context: Context, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { cache: name } = paramsOf(request);
  const existing = context.store.cache(name);
  if (existing) return patch(context, request, reply, existing);
  const { location, tags = {}, properties } = parseBody(cacheBody, request.body);
  if (location === undefined) throw gatewayErrors.locationRequired();
  if (!isRegion(location)) throw cacheErrors.invalid('location', 'a region');
  if (!cacheName.test(name)) throw cacheErrors.invalid('name', '1 to 63 letters, digits and hyphens');
  const { sku } = properties;
  if (!sku || !findCacheSize(sku)) throw cacheErrors.unsupportedFamily();
  if (properties.shardCount !== undefined && sku.name !== 'Premium')
    throw cacheErrors.premiumOnly('properties.shardCount');
  const cache: RedisCache = {
    ...{ name, location: regionName(location), tags, sku, hostName: `${name}.redis.cache.windows.net` },
    ...(properties.shardCount === undefined ? {} : { shardCount: properties.shardCount }),
    enableNonSslPort: properties.enableNonSslPort ?? false,
    publicNetworkAccess: properties.publicNetworkAccess ?? 'Enabled',
    configuration: firstConfiguration(sku, properties.redisConfiguration),
    keys: { primary: newCacheKey(), secondary: newCacheKey() },
    linkedServers: [],
  };
  context.store.putCache(cache);
  const acceptance = { kind: 'createCache', timing: timings.createCache, parameters: {} };
  return begin(context, request, reply, cache, 'Creating', acceptance, (operation) =>
    answer(context, request, reply, operation)
      .code(201)
      .header('location', `https://${request.host}${request.url}`)
      .send(pretty(cacheView(placeOf(context), cache, 'Creating', 'shown'))),
  );
}

function patch(context: Context, request: FastifyRequest, reply: FastifyReply, cache: RedisCache): FastifyReply {
  const { cache: target, scale, settings } = planCacheUpdate(cache, parseBody(cacheBody, request.body));
  if (!scale && !settings) {
    context.store.putCache(target);
    return reply.send(viewOfCache(context, target));
  }
  assertIdle(context, cache);
  if (scale && context.faults.refusesSizeChange(cache.name)) throw cacheErrors.unsupportedFamily();
  context.faults.beforeUpdate(cache.name, () => viewOfCache(context, cache));
  const state = scale ? 'Scaling' : 'Updating';
  const shards = Math.max(cache.shardCount ?? 1, target.shardCount ?? 1);
  const timing = scale ? { ...timings.scaleCache, seconds: timings.scaleCache.seconds * shards } : timings.updateCache;
  const acceptance = { kind: 'updateCache', timing, parameters: { target, scale } };
  return begin(context, request, reply, cache, state, acceptance, (operation) => {
    const poll = cacheOperationUrl(urlPlace(context, request, operation), 'asyncOperations');
    // The old values: only later reads show where it is going.
    return answer(context, request, reply, operation)
      .code(202)
      .header('location', poll)
      .send(pretty(cacheView(placeOf(context), cache, state)));
  });
}

function remove(context: Context, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const cache = context.store.cache(paramsOf(request).cache);
  if (!cache) return reply.code(204).send();
  if (cache.linkedServers.length > 0) throw cacheErrors.linkedDelete(cache.name);
  assertIdle(context, cache);
  const acceptance = { kind: 'deleteCache', timing: timings.deleteCache, parameters: {} };
  return begin(context, request, reply, cache, 'Deleting', acceptance, (operation) =>
    reply
      .code(202)
      .header('location', cacheOperationUrl(urlPlace(context, request, operation), 'operationresults'))
      .send(),
  );
}

function begin(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  cache: RedisCache,
  state: CacheState,
  acceptance: Pick<Acceptance, 'kind' | 'timing' | 'parameters'>,
  respond: (operation: Operation) => FastifyReply,
): FastifyReply {
  return beginAndAnswer(
    context,
    request,
    reply,
    {
      ...{ ...acceptance, name: acceptance.kind, server: cache.name, exclusive: true, result: 'nothing' },
      ...{ holds: [{ server: cache.name, state }], resourceId: idOfCache(context, cache.name) },
    },
    respond,
  );
}

function answer(context: Context, request: FastifyRequest, reply: FastifyReply, operation: Operation): FastifyReply {
  const url = cacheOperationUrl(urlPlace(context, request, operation), 'asyncOperations');
  return reply.header('azure-asyncoperation', url).type('application/json; charset=utf-8');
}

/** Answers to changes and polls are laid out, with the line ends of Windows. */
function pretty(body: object): string {
  return JSON.stringify(body, undefined, 2).replaceAll('\n', '\r\n');
}

function keysView({ keys }: RedisCache) {
  return { primaryKey: keys.primary, secondaryKey: keys.secondary };
}

async function regenerateKey(context: Context, request: FastifyRequest) {
  const cache = cacheOf(context, request);
  const { keyType } = parseBody(z.object({ keyType: z.enum(['Primary', 'Secondary']) }), request.body);
  const which = keyType === 'Primary' ? 'primary' : 'secondary';
  const changed = { ...cache, keys: { ...cache.keys, [which]: newCacheKey() } };
  await context.redis(cache.name).setKeys(changed.keys);
  context.store.putCache(changed);
  return keysView(changed);
}

/** The primary node goes down and another takes over with its data; with all nodes the data is gone (cache-administration). */
function forceReboot(context: Context, request: FastifyRequest) {
  const cache = cacheOf(context, request);
  const nodes = z.enum(['PrimaryNode', 'SecondaryNode', 'AllNodes']);
  const { rebootType } = parseBody(z.object({ rebootType: nodes }), request.body);
  const redis = context.redis(cache.name);
  const end = { PrimaryNode: () => redis.stop(), SecondaryNode: undefined, AllNodes: () => redis.lose() }[rebootType];
  void end?.()
    .then(() => redis.start())
    .catch((error: unknown) => context.warn(`${cache.name} was not rebooted`, error));
  return {
    message:
      "The requested reboot operation for 'Value' has been successfully scheduled and should be executed shortly.",
  };
}

function pollRoutes(app: FastifyInstance, context: Context): void {
  app.get(`${cacheLocationPath}/asyncOperations/:id`, (request, reply) => {
    const operation = polled(context, request, 'asyncOperations');
    const { id, status, error = null } = operation;
    const nothing = { startTime: null, endTime: null, percentComplete: null, properties: null };
    const body = { id: decodeURI(factsOf(request).logged.path), name: id, status, ...nothing, error };
    return answer(context, request, reply, operation).type('application/json').send(pretty(body));
  });
  app.get(`${cacheLocationPath}/operationresults/:id`, (request, reply) => {
    const { id, status, error } = polled(context, request, 'operationresults');
    const url = `https://${request.host}${request.url}`;
    if (status === 'InProgress') void reply.code(202).headers({ location: url, 'azure-asyncoperation': url });
    const body = { id: factsOf(request).logged.path, name: id, status, ...(error ? { error } : {}) };
    return reply.type('application/json; charset=utf-8').send(pretty(body));
  });
}

function polled(context: Context, request: FastifyRequest, collection: string): Operation {
  const { id } = paramsOf(request);
  const operation = context.operations.get(id);
  if (!operation) throw providerErrors.operationNotFound(id);
  if (!isSigned(context.store.state.signingSecret, collection, id, factsOf(request).query))
    throw gatewayErrors.unsignedOperation();
  return operation;
}
