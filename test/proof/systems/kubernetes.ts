/**
 * The API server's requests, as the proxy before it has seen them. A request is accepted when it was answered 2xx; the audit
 * record is the API server's, by the id that it gave the request.
 */
import { quantity } from '../../../catalogue';
import type { Arrival, SeenRequest } from '../harness/request';

/** The proxy goes on writing into it until it is answered. */
export interface ApiRequest {
  at: number;
  answeredAt?: number;
  method: string;
  path: string;
  query: string;
  body?: unknown;
  userAgent: string;
  /** Absent while it is not answered, and where the API server never saw it. */
  status?: number;
  auditId?: string;
  fault?: string;
}

export function arrivalAtKubernetes(logged: ApiRequest): Arrival {
  const isMutation = changesSomething(logged);
  return { isMutation, seen: () => seen(logged, isMutation) };
}

function seen(logged: ApiRequest, isMutation: boolean): SeenRequest {
  const { at, answeredAt, method, path, query, body, status, auditId, fault } = logged;
  const resource = resourceOf(path, body) ?? redisClusterAsked(path, query);
  return {
    ...{ system: 'kubernetes', at, method, path, isMutation, record: logged },
    ...(answeredAt !== undefined && { answeredAt }),
    ...(resource !== undefined && { resource }),
    correlationId: correlationIdIn(logged.userAgent),
    effect: `${method} ${path} ${JSON.stringify(withoutGuard(body) ?? null)}`,
    sets: isMutation ? valuesIn(body) : [],
    isAccepted: isMutation && status !== undefined && status < 300,
    endedInFailure: false,
    ...(auditId !== undefined && { auditId }),
    ...(fault !== undefined && { fault }),
  };
}

/** As every worker's request says whose it is: "durable-runbooks/1.0.0 (run <id>; activity <id>)". */
export function correlationIdIn(userAgent: string): string {
  return /\(run ([\w-]+);/.exec(userAgent)?.[1] ?? '';
}

/** A question whether something is allowed is sent as a POST; a dry run changes nothing. */
export function changesSomething({ method, path, query }: Pick<ApiRequest, 'method' | 'path' | 'query'>): boolean {
  const reads = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  const asks = /^\/apis\/auth(orization|entication)\.k8s\.io\//.test(path);
  return !reads && !asks && new URLSearchParams(query).get('dryRun') !== 'All';
}

/** What is made for a Deployment counts as the Deployment's. */
export function resourceOf(path: string, body: unknown): string | undefined {
  const [, namespace, kind, ownName] = /\/namespaces\/([^/]+)\/([^/]+)(?:\/([^/]+))?/.exec(path) ?? [];
  const name = ownName ?? (body as { metadata?: { name?: string } } | undefined)?.metadata?.name;
  if (namespace === undefined || kind === undefined || name === undefined) return undefined;
  // The pods of a StatefulSet are what it is about; their volumes are made and removed with it.
  const numbered = /^(?:data-)?(.*)-\d{1,2}$/.exec(name)?.[1];
  if (numbered !== undefined && kind === 'pods') return `rediscluster:${namespace}.${numbered}`.toLowerCase();
  if (numbered !== undefined && kind === 'persistentvolumeclaims') {
    return `statefulset:${namespace}.${numbered}`.toLowerCase();
  }
  const hashes = { replicasets: 1, pods: 2 }[kind] ?? 0;
  const owner = name.split('-').slice(0, hashes > 0 ? -hashes : undefined);
  return `${hashes > 0 ? 'deployment' : kind.replace(/s$/, '')}:${namespace}.${owner.join('-')}`.toLowerCase();
}

/** Its nodes are its pods, found by their label; what each says is asked of Redis, past the API server. */
function redisClusterAsked(path: string, query: string): string | undefined {
  const [, namespace] = /\/namespaces\/([^/]+)\/pods$/.exec(path) ?? [];
  const [, name] = /^app=([\w-]+)$/.exec(new URLSearchParams(query).get('labelSelector') ?? '') ?? [];
  return namespace !== undefined && name !== undefined ? `rediscluster:${namespace}.${name}` : undefined;
}

/** Numbers of pods, variables of containers that are numbers, such as a pool's size, and sizes of containers. */
function valuesIn(body: unknown): string[] {
  if (Array.isArray(body)) return body.flatMap(valuesIn);
  if (typeof body !== 'object' || body === null) return [];
  const { op, path, value, name, kind, spec } = body as {
    op?: string;
    path?: string;
    value?: unknown;
    name?: string;
    kind?: string;
    spec?: { replicas?: number };
  };
  // One that is made whole: of its template the plan shows a digest.
  if (kind === 'Deployment' || kind === 'StatefulSet') return valuesIn({ replicas: spec?.replicas });
  // An operation of a JSON Patch sets what its path names.
  if (op !== undefined && path !== undefined) return valuesIn({ [path.split('/').at(-1)!]: value });
  if (name !== undefined && typeof value === 'string') return /^\d+$/.test(value) ? [value] : [];
  return Object.entries(body).flatMap(([key, inner]) => valueOf(key, inner));
}

function valueOf(key: string, value: unknown): string[] {
  if (typeof value === 'number') return /^(replicas|minReplicas|maxReplicas)$/.test(key) ? [String(value)] : [];
  if (key === 'requests' || key === 'limits') {
    const { cpu, memory } = value as Partial<Record<'cpu' | 'memory', string>>;
    return [
      // In cores and in mebibytes.
      ...(cpu === undefined ? [] : [String(Number(quantity(cpu).toFixed(3)))]),
      ...(memory === undefined ? [] : [String(Math.round(quantity(memory) / 2 ** 20))]),
    ];
  }
  return valuesIn(value);
}

interface Operation {
  path?: string;
}

/** Set to what they were: where they are something else by now, the request is a conflict. */
const guards = new Set<string | undefined>(['/metadata/uid', '/metadata/resourceVersion']);

/** What a request expects of the state that it finds, or copies from it, is no part of what it does. */
function withoutGuard(body: unknown): unknown {
  if (Array.isArray(body)) return body.filter(({ path }: Operation) => !guards.has(path));
  if (typeof body !== 'object' || body === null) return body;
  const { metadata, preconditions: _guard, status: _copied, ...rest } = body as Record<string, unknown>;
  if (metadata === undefined) return rest;
  const { name, labels, annotations } = metadata as Record<string, unknown>;
  return { ...rest, metadata: { name, labels, annotations } };
}
