/** The objects of a player's namespace: one small web service, as a production would have it. Pure. */

/** The Deployment, its Service and its label. */
export const application = 'web';
export const pods = { port: 3000, path: '/health' };
export const poolVariable = 'DATABASE_POOL_SIZE';
export const defaultPoolSize = 20;
/** What new pods do: nothing special, or one of `behaviours`. Pods that run already have read it. */
export const behaviourMap = 'behaviour';
export const quota = 'quota';
const goodImage = 'broxiva/web:1.0.0';
export const missingImage = 'broxiva/web:no-such-tag';

/** Values of the ConfigMap's `of-new-pods`. */
export const behaviours = { good: 'good', crash: 'crash', unready: 'unready' } as const;

export interface WorkloadWish {
  replicas: number;
  image?: string;
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

export function behaviour(value: string): object {
  const data = { 'of-new-pods': value };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: behaviourMap }, data };
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

/** `sh` decides by the ConfigMap's value as it was when the container started. */
const command = `case $BEHAVIOUR in
  ${behaviours.crash}) echo broken; exit 3;;
  ${behaviours.unready}) export PORT=3999;;
esac
exec node services/web/main.js`;

export function deployment({ replicas, poolSize = defaultPoolSize, image = goodImage }: WorkloadWish): object {
  const probe = (periodSeconds: number) => ({
    ...{ httpGet: pods, periodSeconds, timeoutSeconds: 5, failureThreshold: 6 },
  });
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: application, labels } },
    spec: {
      ...{ replicas, selector: { matchLabels: labels }, revisionHistoryLimit: 1 },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              ...{ name: 'web', image, command: ['sh', '-c', command] },
              ports: [{ name: 'http', containerPort: pods.port }],
              env: [
                { name: 'BEHAVIOUR', valueFrom: { configMapKeyRef: { name: behaviourMap, key: 'of-new-pods' } } },
                { name: poolVariable, value: String(poolSize) },
              ],
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
