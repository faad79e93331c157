/** What a path is about. Pure. */
import { cacheProvider, provider } from '../names';

const actions = /\/(restart|stop|start|checknameavailability|listkeys|regeneratekey|forcereboot)$/i;

export function subscriptionIn(path: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
}

export function groupIn(path: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/([^/]+)/i.exec(path)?.[1];
}

/** Namespace and type of the last provider in the path: a lock on a server belongs to Microsoft.Authorization. */
export function typeIn(path: string): { namespace: string; type: string } {
  const at = path.toLowerCase().lastIndexOf('/providers/');
  if (at < 0) return { namespace: 'Microsoft.Resources', type: groupIn(path) ? 'resourceGroups' : 'subscriptions' };
  const [namespace = '', ...rest] = path
    .slice(at + '/providers/'.length)
    .split('/')
    .filter(Boolean);
  return { namespace, type: rest.filter((_, index) => index % 2 === 0).join('/') };
}

/** The resource's id in lower case; a POST's action is not part of it. */
export function resourceIn(path: string, method: string): string {
  const clean = path.replace(/\/+$/, '').toLowerCase();
  return method === 'POST' ? clean.replace(actions, '') : clean;
}

/** Azure's name for what a request does: `Microsoft.DBforPostgreSQL/flexibleServers/write`. */
export function actionIn(path: string, method: string): string {
  const { namespace, type } = typeIn(path);
  const ns = [provider, cacheProvider].find((one) => one.toLowerCase() === namespace.toLowerCase()) ?? namespace;
  const spelled = type.replace(/^flexibleservers/i, 'flexibleServers').replace(/^redis/i, 'redis');
  const action = method === 'POST' ? actions.exec(path)?.[1] : undefined;
  if (action)
    return `${ns}/${spelled.replace(/\/[^/]+$/, (last) => (actions.test(last) ? '' : last))}/${action}/action`;
  return `${ns}/${spelled}/${method === 'DELETE' ? 'delete' : method === 'GET' ? 'read' : 'write'}`;
}

export function isMutation(method: string, path: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && !/\/(checknameavailability|listkeys)$/i.test(path);
}
