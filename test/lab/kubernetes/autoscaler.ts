/** The real autoscaler acts on what is measured: CPU, and requests as the pods themselves count them. */
import type { Lab } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { apply, kubectlJson, production, serviceUrl } from './cluster-lab';
import { Requests } from '../../../lab/traffic/requests';

const name = 'broxiva-api-hpa';

/** The guide's, with windows that a test can wait for. */
function autoscaler(requestsPerSecond: string, cpu: number): object {
  return {
    ...{ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name, namespace: production } },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'broxiva-api' },
      ...{ minReplicas: 3, maxReplicas: 10 },
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: cpu } } },
        { type: 'Resource', resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 80 } } },
        {
          type: 'Pods',
          pods: {
            metric: { name: 'http_requests_per_second' },
            target: { type: 'AverageValue', averageValue: requestsPerSecond },
          },
        },
      ],
      behavior: {
        scaleDown: { stabilizationWindowSeconds: 5, policies: [{ type: 'Pods', value: 7, periodSeconds: 5 }] },
      },
    },
  };
}

export function autoscalerTests(theLab: () => Lab): void {
  const read = () => kubectlJson(theLab(), 'get', 'hpa', name, '-n', production);
  const desires = (what: string, is: (replicas: number) => boolean) =>
    until(what, async () => is((await read()).status.desiredReplicas), { deadlineMs: 60_000, everyMs: 500 }).catch(
      async (error: Error) => {
        throw new Error(`${error.message}: ${JSON.stringify((await read()).status)}`);
      },
    );
  const loaded = async (work: () => Promise<void>) => {
    const load = new Requests(`${await serviceUrl(theLab(), 'broxiva-api')}/api/products`, Array<number>(8).fill(0));
    await work().finally(() => load.end());
  };

  test('under load it adds pods by their CPU use', async () => {
    // Less than the guide's 70 %: on a busy machine pods cannot use as much, and without load they use a tenth of it.
    await apply(theLab(), autoscaler('1000', 30));
    await loaded(() => desires('more than three pods are wanted', (replicas) => replicas > 3));
  }, 120_000);

  test('without load it goes back to three and stays there, every metric read', async () => {
    await desires('three pods are wanted', (replicas) => replicas === 3);
    const { conditions, currentMetrics } = (await read()).status;
    const isTrue = (type: string) => conditions.find((one: any) => one.type === type).status;
    expect([isTrue('AbleToScale'), isTrue('ScalingActive')]).toEqual(['True', 'True']);
    expect(currentMetrics.map((metric: any) => metric.resource?.name ?? metric.pods?.metric.name)).toEqual(
      expect.arrayContaining(['cpu', 'memory', 'http_requests_per_second']),
    );
  }, 120_000);

  test('under load it adds pods by the requests that they count', async () => {
    await apply(theLab(), autoscaler('10', 1_000));
    await loaded(() => desires('more than three pods are wanted', (replicas) => replicas > 3));
  }, 120_000);
}
