/** What Resource Manager itself serves: resource groups, locks, the activity log. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context';
import { gatewayErrors } from '../errors';
import { parseBody } from '../http/body';
import { factsOf, paramsOf } from '../http/facts';
import { lockView, locksAt, type ResourceLock } from '../locks';
import { cacheOf } from '../caches/access';
import { cacheId, groupId, serverId, tenant } from '../names';
import type { ResourceGroup } from '../store';
import { serverOf } from '../flexible-servers/access';
import { cachePath, groupPath, serverPath, subscriptionPath } from './paths';

export function managementRoutes(app: FastifyInstance, context: Context): void {
  subscriptionRoutes(app, context);
  groupRoutes(app, context);
  lockRoutes(app, context);
  app.get(`${subscriptionPath}/providers/Microsoft.Insights/eventtypes/management/values`, (request) => ({
    value: context.activityLog.list(factsOf(request).query['$filter']),
  }));
}

/** What a client that signs in asks first (learn.microsoft.com, rest/api/resources/subscriptions). */
function subscriptionRoutes(app: FastifyInstance, { options: { subscriptionId } }: Context): void {
  const view = {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId: tenant,
    displayName: 'lab',
    state: 'Enabled',
    subscriptionPolicies: {
      locationPlacementId: 'Public_2014-09-01',
      quotaId: 'PayAsYouGo_2014-09-01',
      spendingLimit: 'Off',
    },
    authorizationSource: 'RoleBased',
    managedByTenants: [],
  };
  app.get('/subscriptions', () => ({ value: [view] }));
  app.get(subscriptionPath, () => view);
}

function groupRoutes(app: FastifyInstance, context: Context): void {
  const groups = context.store.state.groups;
  const view = (group: ResourceGroup) => ({
    id: groupId(context.options.subscriptionId, group.name),
    name: group.name,
    type: 'Microsoft.Resources/resourceGroups',
    location: group.location,
    ...(group.tags === undefined ? {} : { tags: group.tags }),
    properties: { provisioningState: 'Succeeded' },
  });
  const find = (request: FastifyRequest) => {
    const { group } = paramsOf(request);
    const found = groups[group.toLowerCase()];
    if (!found) throw gatewayErrors.groupNotFound(group);
    return found;
  };
  app.get(`${subscriptionPath}/resourceGroups`, () => ({ value: Object.values(groups).map(view) }));
  app.get(groupPath, (request) => view(find(request)));
  app.head(groupPath, (request, reply) => {
    find(request);
    return reply.code(204).send();
  });
  app.put(groupPath, (request, reply) => {
    const body = parseBody(
      z.object({ location: z.string(), tags: z.record(z.string(), z.string()).optional() }),
      request.body,
    );
    const { group } = paramsOf(request);
    const before = groups[group.toLowerCase()];
    const record = { name: before?.name ?? group, location: before?.location ?? body.location, tags: body.tags };
    groups[group.toLowerCase()] = record;
    context.store.save();
    return reply.code(before ? 200 : 201).send(view(record));
  });
}

const lockBody = z.object({
  properties: z.object({
    level: z.preprocess(
      (given) =>
        ['CanNotDelete', 'ReadOnly'].find((level) => level.toLowerCase() === String(given).toLowerCase()) ?? given,
      z.enum(['CanNotDelete', 'ReadOnly']),
    ),
    notes: z.string().optional(),
  }),
});

function lockRoutes(app: FastifyInstance, context: Context): void {
  const scopes = [subscriptionPath, groupPath, serverPath, cachePath];
  for (const scopePath of scopes) {
    const path = `${scopePath}/providers/Microsoft.Authorization/locks`;
    app.get(path, (request) => {
      const onlyAtScope = /atscope\(\)/i.test(factsOf(request).query['$filter'] ?? '');
      return { value: locksAt(context.store.state.locks, scopeOf(context, request), onlyAtScope).map(lockView) };
    });
    app.get(`${path}/:lock`, (request) => lockView(findLock(context, request)));
    app.put(`${path}/:lock`, (request, reply) => putLock(context, request, reply));
    app.delete(`${path}/:lock`, (request, reply) => {
      const { locks } = context.store.state;
      const at = locks.findIndex((lock) => isLock(lock, scopeOf(context, request), paramsOf(request).lock));
      if (at < 0) return reply.code(204).send();
      locks.splice(at, 1);
      context.store.save();
      return reply.code(200).send();
    });
  }
}

/** Canonical id of what a lock request is about. Throws when the server does not exist. */
function scopeOf(context: Context, request: FastifyRequest): string {
  const { subscriptionId } = context.options;
  const { group, server, cache } = request.params as { group?: string; server?: string; cache?: string };
  if (group === undefined) return `/subscriptions/${subscriptionId}`;
  const { name } = context.store.state.groups[group.toLowerCase()]!;
  if (cache !== undefined) return cacheId(subscriptionId, name, cacheOf(context, request).name);
  return server === undefined
    ? groupId(subscriptionId, name)
    : serverId(subscriptionId, name, serverOf(context, request).name);
}

function isLock(lock: ResourceLock, scope: string, name: string): boolean {
  return lock.scope.toLowerCase() === scope.toLowerCase() && lock.name.toLowerCase() === name.toLowerCase();
}

function findLock(context: Context, request: FastifyRequest): ResourceLock {
  const { lock: name } = paramsOf(request);
  const found = context.store.state.locks.find((lock) => isLock(lock, scopeOf(context, request), name));
  if (!found) throw gatewayErrors.lockNotFound(name);
  return found;
}

function putLock(context: Context, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { properties } = parseBody(lockBody, request.body);
  const { lock: name } = paramsOf(request);
  const lock: ResourceLock = { name, scope: scopeOf(context, request), ...properties };
  const { locks } = context.store.state;
  const at = locks.findIndex((other) => isLock(other, lock.scope, name));
  if (at < 0) locks.push(lock);
  else locks[at] = lock;
  context.store.save();
  return reply.code(at < 0 ? 201 : 200).send(lockView(lock));
}
