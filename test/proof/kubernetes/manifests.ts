/** The objects of a player's namespace: one small web service, as a production would have it. Pure. */

/** The Deployment, its Service and its label. */
export const application = 'web';
export const pods = { port: 3000, path: '/health' };
export const poolVariable = 'DATABASE_POOL_SIZE';
export const defaultPoolSize = 20;
export const quota = 'quota';

export interface WorkloadWish {
  replicas: number;
  poolSize?: number;
  autoscaler?: { min: number; max: number };
}

const labels = { app: application };

export function namespace(name: string): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function service(): object {
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: application, labels } },
    spec: { selector: labels, ports: [{ port: 80, targetPort: pods.port }] },
  };
}

/** No pod more than there are. */
export function podQuota(count: number): object {
  return {
    ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: quota } },
    spec: { hard: { pods: String(count) } },
  };
}

export function autoscaler({ min, max }: { min: number; max: number }): object {
  return {
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: application, labels } },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: application },
      ...{ minReplicas: min, maxReplicas: max },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 90 } } },
      ],
      // What the last case has left goes at once.
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    },
  };
}

export function deployment({ replicas, poolSize = defaultPoolSize }: WorkloadWish, image: string): object {
  const probe = (periodSeconds: number) => ({
    ...{ httpGet: pods, periodSeconds, timeoutSeconds: 5, failureThreshold: 6 },
  });
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: application, labels } },
    spec: {
      ...{ replicas, selector: { matchLabels: labels }, revisionHistoryLimit: 1 },
      // What a run was terminated in is over.
      paused: false,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              ...{ name: 'web', image },
              ports: [{ name: 'http', containerPort: pods.port }],
              env: [{ name: poolVariable, value: String(poolSize) }],
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
