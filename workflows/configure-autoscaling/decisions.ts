/** From what is asked for to an autoscaler, and what stands in the way of it. Pure, table-tested. */
import type { AutoscalingFacts } from '../../activities/deployments/contract';
import type {
  AutoscalerSpec,
  ConfigureAutoscalingInput,
  Finding,
  MetricSpec,
  ScalingRules,
  Topology,
} from '../../catalogue';
import { metricName } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, warn } from '../runbook/checks';
import { clientsUnmeasured, deploymentIn } from '../deployments';

export function autoscalerName({ autoscaler, deployment }: ConfigureAutoscalingInput): string {
  return autoscaler ?? `${deployment}-hpa`;
}

/** Whether an autoscaler may have left so many pods: it goes to its limits at once. What is outside them is somebody else's, as 0 is. */
export function mayHaveLeft({ minReplicas = 1, maxReplicas }: AutoscalerSpec, pods: number): boolean {
  return pods >= minReplicas && pods <= maxReplicas;
}

export function autoscalerSpec(wanted: ConfigureAutoscalingInput): AutoscalerSpec {
  const { deployment, min, max, cpuPercent, memoryPercent, requestsPerSecond, scaleUp, scaleDown } = wanted;
  return {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
    ...{ minReplicas: min, maxReplicas: max },
    metrics: [
      ...(cpuPercent === undefined ? [] : [utilization('cpu', cpuPercent)]),
      ...(memoryPercent === undefined ? [] : [utilization('memory', memoryPercent)]),
      ...(requestsPerSecond === undefined ? [] : [perPod('http_requests_per_second', requestsPerSecond)]),
    ],
    behavior: { scaleUp: rulesOf(scaleUp), scaleDown: rulesOf(scaleDown) },
  };
}

function utilization(name: string, averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } };
}

function perPod(name: string, value: number): MetricSpec {
  return { type: 'Pods', pods: { metric: { name }, target: { type: 'AverageValue', averageValue: String(value) } } };
}

function rulesOf({
  stabilizationSeconds,
  percent,
  pods,
  periodSeconds,
}: ConfigureAutoscalingInput['scaleUp']): ScalingRules {
  return {
    stabilizationWindowSeconds: stabilizationSeconds,
    selectPolicy: 'Max',
    policies: [
      { type: 'Percent', value: percent, periodSeconds },
      ...(pods === undefined ? [] : [{ type: 'Pods' as const, value: pods, periodSeconds }]),
    ],
  };
}

interface Situation {
  wanted: ConfigureAutoscalingInput;
  facts: AutoscalingFacts;
  topology: Topology;
}

export function findings(wanted: ConfigureAutoscalingInput, facts: AutoscalingFacts, topology: Topology): Finding[] {
  return askAll(checks, { wanted, facts, topology });
}

const checks: Checks<Situation> = {
  'within the topology': ({ wanted: { min, max }, facts: { deployment }, topology }) => {
    const known = deploymentIn(topology, deployment)?.replicas;
    if (!known) return [];
    const allowed = `the topology allows ${deployment} ${known.min} to ${known.max} pods`;
    return [
      ...(min < known.min ? [refuse('ReplicasOutOfRange', 'min', `${min}: ${allowed}`)] : []),
      ...(max > known.max ? [refuse('ReplicasOutOfRange', 'max', `${max}: ${allowed}`)] : []),
    ];
  },

  'its name is free or its own': ({ facts: { name, now, deployment } }) =>
    now && (now.scaleTargetRef.kind !== 'Deployment' || now.scaleTargetRef.name !== deployment)
      ? [
          refuse(
            'AutoscalerOfAnother',
            'autoscaler',
            `${name} scales ${now.scaleTargetRef.kind} ${now.scaleTargetRef.name}, not ${deployment}: take another name`,
          ),
        ]
      : [],

  'the only one': ({ facts: { others, deployment } }) =>
    others.length > 0
      ? [
          refuse(
            'TwoAutoscalers',
            'autoscaler',
            `${others.join(', ')} scales ${deployment} already, and Kubernetes lets neither of two: name that one`,
          ),
        ]
      : [],

  'nobody sets it back': ({ facts: { controller, name } }) =>
    controller
      ? [refuse('OwnedByController', 'autoscaler', `${controller} owns ${name} and would set it back: change it there`)]
      : [],

  'no field of another manager': ({ wanted: { takeOver }, facts: { conflicts, name } }) =>
    conflicts
      .filter(({ manager }) => !takeOver.includes(manager))
      .map(({ manager, fields }) =>
        refuse(
          'FieldsOfAnother',
          'takeOver',
          `${manager} manages ${fields.join(', ')} of ${name}: let it give them up, or name it in takeOver`,
        ),
      ),

  'the deployment is not switched off': ({ facts: { replicas, deployment } }) =>
    replicas === 0
      ? [refuse('AutoscalerOff', 'deployment', `${deployment} has 0 pods, which switches autoscaling off`)]
      : [],

  'every metric is served': ({ facts: { missing } }) =>
    missing.map((metric) =>
      warn(
        'MetricMissing',
        metric,
        `nobody serves ${metric} for these pods now: without it the autoscaler does not scale in, or not at all`,
      ),
    ),

  'requests are declared': ({ facts: { requests, deployment }, wanted: { cpuPercent, memoryPercent } }) => {
    const shares = [
      { field: 'cpuPercent', of: 'CPU', percent: cpuPercent, request: requests.cpuMillis },
      { field: 'memoryPercent', of: 'memory', percent: memoryPercent, request: requests.memoryBytes },
    ];
    return shares
      .filter(({ percent, request }) => percent !== undefined && request === 0)
      .map(({ field, of, percent }) =>
        refuse('NoRequest', field, `${deployment} requests no ${of}, so there is nothing to take ${percent} % of`),
      );
  },

  'clients can be measured': ({ facts: { deployment, clientsAnswer }, topology }) =>
    clientsUnmeasured(deployment, clientsAnswer, topology),

  'what it would do now': ({ wanted, facts }) => {
    const pods = podsNow(autoscalerSpec(wanted), facts);
    return pods !== undefined && pods !== facts.replicas
      ? [warn('ScalesAtOnce', 'min', `by what its pods use now it would go from ${facts.replicas} to ${pods} pods`)]
      : [];
  },
};

/** Within this share of the target an autoscaler stays where it is (--horizontal-pod-autoscaler-tolerance). */
const tolerance = 0.1;

/** How many pods the usage of now asks for: the greatest of all metrics that are known, within the limits. */
export function podsNow(
  { metrics = [], minReplicas = 1, maxReplicas }: AutoscalerSpec,
  { requests, usage, replicas }: Pick<AutoscalingFacts, 'requests' | 'usage' | 'replicas'>,
): number | undefined {
  if (usage.length === 0) return undefined;
  const average = (of: 'cpuMillis' | 'memoryBytes') => usage.reduce((sum, one) => sum + one[of], 0) / usage.length;
  const share: Record<string, number> = {
    cpu: average('cpuMillis') / requests.cpuMillis,
    memory: average('memoryBytes') / requests.memoryBytes,
  };
  const asked = metrics.flatMap((metric) => {
    const now = share[metricName(metric)];
    const target = metric.resource?.target.averageUtilization;
    if (now === undefined || target === undefined) return [];
    const ratio = now / (target / 100);
    return [Math.abs(ratio - 1) <= tolerance ? replicas : Math.ceil(replicas * ratio)];
  });
  return Math.min(maxReplicas, Math.max(minReplicas, ...asked));
}
