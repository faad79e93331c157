/**
 * A namespace such as `broxiva-prod`, as the scaling guide assumes it: API, web, worker, a single Redis, an autoscaler for the
 * API, Secrets. Requests are a fifth of the guide's "medium" row, so that ten pods of two cores have something to do
 * before the autoscaler acts; pools, replicas and limits of replicas are the guide's.
 */
import type { KubernetesObject } from '../api/objects';

export type Manifest = KubernetesObject & Record<string, unknown>;

const secret = 'broxiva-secrets';
const authorities = 'azure-certificate-authorities';
/** Where `DATABASE_URL` looks for the authorities of Azure's servers. */
export const authoritiesFolder = '/etc/azure';

export interface ProductionValues {
  databaseUrl: string;
  /** PEM. */
  authorities: string;
}

/** What is in the namespace, in the order in which it is made. */
export function manifests({ databaseUrl, authorities: pem }: ProductionValues): Manifest[] {
  return [
    { ...named('v1', 'ConfigMap', authorities), data: { 'ca.pem': pem } },
    {
      ...named('v1', 'Secret', secret),
      stringData: { DATABASE_URL: databaseUrl, REDIS_URL: 'redis://redis:6379' },
    },
    service('redis', 6379, 6379),
    service('broxiva-api', 80, 3000),
    service('broxiva-web', 80, 3000),
    deployment('redis', 1, redis),
    deployment('broxiva-api', 3, api),
    deployment('broxiva-web', 2, web),
    deployment('broxiva-worker', 2, worker),
    ...['broxiva-api', 'broxiva-web'].map(disruptionBudget),
    autoscaler,
  ];
}

/** However long a loaded machine needs to start a program, it is not taken for one that hangs, and begun anew. */
const startupProbe = { ...probe('/live', 1), failureThreshold: 120 };

const fromSecret = (name: string) => ({ name, valueFrom: { secretKeyRef: { name: secret, key: name } } });

/** A pod that leaves goes on answering while clients and balancers hear of it; on SIGTERM it then drains (images/services). */
const drain = { preStop: { sleep: { seconds: 1 } } };

/** How a pod reaches the database: by a URL that names the authorities of Azure's servers, mounted there. */
const database = (poolSize: number) => [
  fromSecret('DATABASE_URL'),
  { name: 'DATABASE_POOL_SIZE', value: String(poolSize) },
];
const authoritiesVolume = { name: 'authorities', configMap: { name: authorities } };
const authoritiesMount = { name: 'authorities', mountPath: authoritiesFolder, readOnly: true };

const redis = {
  containers: [
    {
      ...{ name: 'redis', image: 'redis:7-alpine', ports: [{ containerPort: 6379 }] },
      args: ['redis-server', '--save', '', '--maxmemory', '256mb'],
      resources: resources('100m', '256Mi', '500m', '512Mi'),
      readinessProbe: { exec: { command: ['redis-cli', 'ping'] }, periodSeconds: 2 },
    },
  ],
};

const api = {
  volumes: [authoritiesVolume],
  containers: [
    {
      ...{ name: 'api', image: 'broxiva/api:1.0.0', ports: [{ name: 'http', containerPort: 3000 }] },
      env: [...database(20), fromSecret('REDIS_URL'), { name: 'NODE_OPTIONS', value: '--max-old-space-size=128' }],
      volumeMounts: [authoritiesMount],
      resources: resources('100m', '256Mi', '500m', '512Mi'),
      readinessProbe: probe('/api/health', 1),
      startupProbe,
      livenessProbe: probe('/live', 10),
      lifecycle: drain,
    },
  ],
};

const web = {
  containers: [
    {
      ...{ name: 'web', image: 'broxiva/web:1.0.0', ports: [{ name: 'http', containerPort: 3000 }] },
      resources: resources('50m', '128Mi', '250m', '256Mi'),
      readinessProbe: probe('/health', 1),
      startupProbe,
      livenessProbe: probe('/live', 10),
      lifecycle: drain,
    },
  ],
};

const worker = {
  volumes: [authoritiesVolume],
  containers: [
    {
      ...{ name: 'worker', image: 'broxiva/worker:1.0.0', ports: [{ name: 'http', containerPort: 3000 }] },
      env: [...database(5), fromSecret('REDIS_URL'), { name: 'JOB_MILLISECONDS', value: '20' }],
      volumeMounts: [authoritiesMount],
      resources: resources('50m', '128Mi', '250m', '256Mi'),
      readinessProbe: probe('/health', 2),
    },
  ],
};

const autoscaler = {
  ...named('autoscaling/v2', 'HorizontalPodAutoscaler', 'broxiva-api-hpa'),
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'broxiva-api' },
    ...{ minReplicas: 3, maxReplicas: 10 },
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } } },
    ],
  },
};

function named(apiVersion: string, kind: string, name: string) {
  return { apiVersion, kind, metadata: { name, labels: { app: name } } };
}

function service(app: string, port: number, targetPort: number): Manifest {
  const spec = { selector: { app }, ports: [{ port, targetPort }] };
  return { ...named('v1', 'Service', app), spec };
}

function disruptionBudget(app: string): Manifest {
  return {
    ...named('policy/v1', 'PodDisruptionBudget', app),
    spec: { maxUnavailable: 1, selector: { matchLabels: { app } } },
  };
}

function deployment(app: string, replicas: number, pod: object): Manifest {
  return {
    ...named('apps/v1', 'Deployment', app),
    spec: {
      ...{ replicas, selector: { matchLabels: { app } } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { app },
          annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '3000' },
        },
        spec: {
          terminationGracePeriodSeconds: 30,
          topologySpreadConstraints: [
            {
              ...{ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
              labelSelector: { matchLabels: { app } },
            },
          ],
          ...pod,
        },
      },
    },
  };
}

function probe(path: string, periodSeconds: number): object {
  return { httpGet: { path, port: 'http' }, periodSeconds, timeoutSeconds: 5 };
}

function resources(cpu: string, memory: string, cpuLimit: string, memoryLimit: string): object {
  return { requests: { cpu, memory }, limits: { cpu: cpuLimit, memory: memoryLimit } };
}
