/** The objects of a player's namespace: a small web service, and APIs with a database, as a production would have them. Pure. */

/** A Deployment with its Service. */
export interface Application {
  /** Of both, and of their label. */
  name: string;
  image: string;
  /** What its pods answer when they are well, and what clients ask. */
  health: string;
  asked: string;
  /** The Secret that its database's URLs are in, by their keys. */
  database?: { secret: string; key: string; readKey?: string; readVariable?: string };
}

/** Where the pooler's role and server come from, and the direct way of whoever is led through it. */
export const ownUrl = { secret: 'application', key: 'DATABASE_URL' };

export const web: Application = { name: 'web', image: 'broxiva/web', health: '/health', asked: '/health' };
/** Reads. */
export const api = {
  ...{ name: 'api', image: 'broxiva/api', health: '/api/health', asked: '/api/products' },
  database: {
    ...{ secret: 'database', key: 'DATABASE_URL' },
    ...{ readKey: 'READ_URL', readVariable: 'DATABASE_READ_REPLICA_URL' },
  },
} satisfies Application;
/** Sells: each order is a row in its database. */
export const shop = {
  ...{ name: 'shop', image: api.image, health: api.health, asked: api.asked, database: ownUrl },
  orders: '/api/orders',
} satisfies Application & { orders: string };
export const podPort = 3000;
/** Who signs the certificates of the servers: a ConfigMap, and where it is in a pod. */
export const authorities = { name: 'authorities', key: 'ca.pem', folder: '/etc/azure' };
export const authoritiesFile = `${authorities.folder}/${authorities.key}`;
export const poolVariable = 'DATABASE_POOL_SIZE';
/** Where the primary's URL comes from. */
export const urlVariable = 'DATABASE_URL';
export const pooledKey = 'DATABASE_POOLED_URL';
export const defaultPoolSize = 20;
export const quota = 'quota';
export const poolerName = 'pgbouncer';
export const redisClusterName = 'redis-cluster';

export interface WorkloadWish {
  replicas: number;
  poolSize?: number;
  autoscaler?: { min: number; max: number };
}

const labelsOf = ({ name }: Application) => ({ app: name });

export function namespace(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function service(application: Application): object {
  const labels = labelsOf(application);
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: application.name, labels } },
    spec: { selector: labels, ports: [{ port: 80, targetPort: podPort }] },
  };
}

export function secret(name: string, texts: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: texts };
}

export function configMap(name: string, data: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

/** No pod more than there are. */
export function podQuota(count: number): object {
  return {
    ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: quota } },
    spec: { hard: { pods: String(count) } },
  };
}

export function autoscaler({ name }: Application, { min, max }: { min: number; max: number }): object {
  const labels = { app: name };
  return {
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name, labels } },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      ...{ minReplicas: min, maxReplicas: max },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 90 } } },
      ],
      // What the last case has left goes at once.
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
  };
}

export function deployment(
  application: Application,
  { replicas, poolSize = defaultPoolSize }: WorkloadWish,
  image: string,
): object {
  const { name, health, database } = application;
  const labels = labelsOf(application);
  const probe = (periodSeconds: number) => ({
    httpGet: { port: podPort, path: health },
    ...{ periodSeconds, timeoutSeconds: 5, failureThreshold: 6 },
  });
  const urlFrom = ({ secret: from, key }: NonNullable<Application['database']>) => ({
    ...{ name: urlVariable, valueFrom: { secretKeyRef: { name: from, key } } },
  });
  const mount = { name: authorities.name, mountPath: authorities.folder, readOnly: true };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels } },
    spec: {
      ...{ replicas, selector: { matchLabels: labels }, revisionHistoryLimit: 1 },
      // What a run was terminated in is over.
      ...{ paused: false, minReadySeconds: 0, progressDeadlineSeconds: 600 },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          // Node hears SIGTERM only once it has loaded: a pod that is taken away before that stays for all of it.
          terminationGracePeriodSeconds: 10,
          ...(database && { volumes: [{ name: authorities.name, configMap: { name: authorities.name } }] }),
          containers: [
            {
              ...{ name, image },
              ports: [{ name: 'http', containerPort: podPort }],
              env: [{ name: poolVariable, value: String(poolSize) }, ...(database ? [urlFrom(database)] : [])],
              ...(database && { volumeMounts: [mount] }),
              resources: {
                requests: { cpu: '200m', memory: '96Mi' },
                limits: { cpu: '1', memory: '256Mi' },
              },
              readinessProbe: probe(1),
              livenessProbe: probe(10),
              lifecycle: { preStop: { sleep: { seconds: 1 } } },
            },
          ],
        },
      },
    },
  };
}
