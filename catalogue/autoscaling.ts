/**
 * A HorizontalPodAutoscaler's specification as autoscaling/v2 writes it, as far as runbooks make one, and how it is said in
 * one line.
 */
import { quantity } from './quantity';

interface ScalingPolicy {
  type: 'Pods' | 'Percent';
  value: number;
  periodSeconds: number;
}

export interface ScalingRules {
  stabilizationWindowSeconds?: number;
  selectPolicy?: string;
  policies?: ScalingPolicy[];
}

export interface MetricSpec {
  type: string;
  resource?: { name: string; target: MetricTarget };
  pods?: { metric: { name: string }; target: MetricTarget };
  [other: string]: unknown;
}

interface MetricTarget {
  type: string;
  averageUtilization?: number;
  averageValue?: string;
  value?: string;
}

export interface AutoscalerSpec {
  scaleTargetRef: { apiVersion?: string; kind: string; name: string };
  minReplicas?: number;
  maxReplicas: number;
  metrics?: MetricSpec[];
  behavior?: { scaleUp?: ScalingRules; scaleDown?: ScalingRules };
}

/** "3 to 10 pods; cpu 70 %; up after 60 s by 100 % or 2 pods in 60 s": equal where two specifications mean the same. */
export function describeAutoscaling({
  minReplicas = 1,
  maxReplicas,
  metrics = [],
  behavior = {},
}: AutoscalerSpec): string {
  return [
    `${minReplicas} to ${maxReplicas} pods`,
    ...metrics.map(describeMetric),
    ...(behavior.scaleUp ? [`up ${describeRules(behavior.scaleUp)}`] : []),
    ...(behavior.scaleDown ? [`down ${describeRules(behavior.scaleDown)}`] : []),
  ].join('; ');
}

export function metricName({ type, resource, pods }: MetricSpec): string {
  return resource?.name ?? pods?.metric.name ?? type;
}

function describeMetric(metric: MetricSpec): string {
  const target = metric.resource?.target ?? metric.pods?.target;
  if (!target) return `${metric.type} ${JSON.stringify(metric)}`;
  const value = target.averageValue ?? target.value;
  const wanted =
    target.averageUtilization === undefined ? String(quantity(value ?? '0')) : `${target.averageUtilization} %`;
  return `${metricName(metric)} ${wanted}`;
}

function describeRules({ stabilizationWindowSeconds, selectPolicy = 'Max', policies = [] }: ScalingRules): string {
  const each = policies.map(
    ({ type, value, periodSeconds }) => `${value}${type === 'Percent' ? ' %' : ' pods'} in ${periodSeconds} s`,
  );
  const joined = each.join(selectPolicy === 'Min' ? ' and ' : ' or ');
  const window = stabilizationWindowSeconds === undefined ? '' : `after ${stabilizationWindowSeconds} s `;
  return selectPolicy === 'Disabled' ? 'never' : `${window}by ${joined || 'any number'}`;
}
