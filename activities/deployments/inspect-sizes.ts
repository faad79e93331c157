/** What preflight reads for another size of a deployment's pods. Reads only. */
import type { AutoscalerSpec, PodSize } from '../../catalogue';
import { describePodSize, metricName } from '../../catalogue';
import type { Pod } from '../kubernetes/kubernetes';
import type { SizeFacts } from './contract';
import { controllerOf } from './controller';
import type { DeploymentDependencies } from './dependencies';
import { answers } from './endpoint';
import { knownDeployment } from './inspection';

const listMax = 200;

export async function inspectSizes(name: string, use: DeploymentDependencies): Promise<SizeFacts> {
  const kubernetes = use.kubernetes();
  const { clientUrl } = knownDeployment(name, use);
  const deployment = await kubernetes.readDeployment(name);
  const [found, autoscalers, nodes, quotas, clientsAnswer] = await Promise.all([
    kubernetes.readPods(deployment),
    kubernetes.readAutoscalers(name),
    kubernetes.readNodes(),
    kubernetes.readQuotas(),
    clientUrl === undefined ? undefined : answers(clientUrl),
  ]);
  const pods = found.filter(({ terminating }) => !terminating);
  const controller = controllerOf(deployment, { whole: true });
  const { replicas, readyReplicas, paused, size, maxSurge } = deployment;
  return {
    ...{ namespace: kubernetes.namespace, name, replicas, readyReplicas, paused, size, maxSurge },
    ...(controller ? { controller } : {}),
    obstacles: obstaclesOf(pods),
    podSizes: distinct(pods.map((pod) => pod.size)),
    usage: pods.flatMap(({ usage }) => (usage ? [usage] : [])).slice(0, listMax),
    restarts: Object.fromEntries(pods.map((pod) => [pod.name, pod.restarts])),
    nodes: nodes
      .filter(({ schedulable }) => schedulable)
      .slice(0, listMax)
      .map(({ name: node, free }) => ({ name: node, free })),
    quotas: quotas.slice(0, listMax),
    autoscalers: autoscalers.map((one) => ({ name: one.name, targets: targetsOf(one.spec) })),
    ...(clientsAnswer === undefined ? {} : { clientsAnswer }),
  };
}

/** Resizing in place is there from Kubernetes 1.33 on, and on nodes that tell what a container really has. */
function obstaclesOf(pods: Pod[]): string[] {
  const silent = pods.filter(({ actualSize }) => !actualSize);
  const restarting = pods.filter(({ restartsOnResize }) => restartsOnResize);
  return [
    ...(pods.length === 0 ? ['no pod runs'] : []),
    ...(silent.length > 0 ? [`the nodes of ${silent.length} pods do not tell what a container has`] : []),
    ...(restarting.length > 0 ? [`the resize policy of ${restarting.length} pods restarts their container`] : []),
  ];
}

function distinct(sizes: PodSize[]): PodSize[] {
  return [...new Map(sizes.map((size) => [describePodSize(size), size])).values()].slice(0, listMax);
}

function targetsOf({ metrics = [] }: AutoscalerSpec): { metric: string; percent: number }[] {
  return metrics.flatMap((metric) => {
    const percent = metric.resource?.target.averageUtilization;
    return percent === undefined ? [] : [{ metric: metricName(metric), percent }];
  });
}
