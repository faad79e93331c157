/** `custom.metrics.k8s.io/v1beta1`: what pods tell of themselves, in the shapes that the autoscaler reads. Pure. */
import type { ScrapedPod } from './pod-scraper';
import { matches } from './selector';

export const customGroup = 'custom.metrics.k8s.io';
const apiVersion = `${customGroup}/v1beta1`;
/** Offered before the first pod was asked. */
const always = 'http_requests_per_second';

/** Undefined where there is nothing under the path. */
export function customMetrics(path: string, selector: string | null, pods: ScrapedPod[]): object | undefined {
  const root = `/apis/${apiVersion}`;
  if (path === root) return resources(pods);
  const [, namespace, name, metric] =
    /^\/namespaces\/([^/]+)\/pods\/([^/]+)\/([^/]+)$/.exec(path.slice(root.length)) ?? [];
  if (!path.startsWith(`${root}/`) || !namespace || !name || !metric) return undefined;
  const items = pods
    .filter((pod) => pod.namespace === namespace && (name === '*' ? matches(selector, pod.labels) : pod.name === name))
    .filter(({ rates }) => rates[metric] !== undefined)
    .map((pod) => value(pod, metric));
  return items.length > 0 ? { kind: 'MetricValueList', apiVersion, metadata: {}, items } : undefined;
}

function value({ namespace, name, rates, at, windowSeconds }: ScrapedPod, metric: string): object {
  return {
    describedObject: { kind: 'Pod', apiVersion: '/v1', namespace, name },
    ...{ metricName: metric, timestamp: at, windowSeconds: Math.round(windowSeconds), selector: null },
    value: `${Math.round(rates[metric]! * 1000)}m`,
  };
}

function resources(pods: ScrapedPod[]): object {
  const names = new Set([always, ...pods.flatMap(({ rates }) => Object.keys(rates))]);
  return {
    ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion },
    resources: [...names].map((name) => ({
      ...{ name: `pods/${name}`, singularName: '', namespaced: true, kind: 'MetricValueList', verbs: ['get'] },
    })),
  };
}
