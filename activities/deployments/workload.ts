/** Reads a deployment with its pods, asks each pod, and judges. */
import { failure } from '../failures';
import type { Autoscaler, Deployment } from '../kubernetes/kubernetes';
import type { Since } from './contract';
import type { DeploymentDependencies } from './dependencies';
import { answers } from './endpoint';
import { knownDeployment } from './inspection';
import { judgeWorkload, type PodReading, type Wanted, type WorkloadReading } from './judgement';

export interface Question {
  wanted(deployment: Deployment): Wanted;
  since?: Since | undefined;
  autoscaler?: Autoscaler;
}

/** The evidence. Throws WorkloadFailing or NotVerified with everything that is wrong. */
export async function verifyWorkload(
  name: string,
  { wanted, since, autoscaler }: Question,
  use: DeploymentDependencies,
): Promise<string> {
  const deployment = await use.kubernetes().readDeployment(name);
  const [pods, warnings] = await Promise.all([
    readPodsAsking(deployment, use),
    use.kubernetes().readWarnings(deployment),
  ]);
  return judged({ deployment, pods, warnings, ...(autoscaler ? { autoscaler } : {}) }, wanted(deployment), since);
}

/** The evidence. Throws WorkloadFailing or NotVerified with everything that is wrong. */
export function judged(reading: WorkloadReading, wanted: Wanted, since: Since | undefined): string {
  const { name } = reading.deployment;
  const { open, failing, evidence } = judgeWorkload(reading, wanted, since);
  if (failing.length > 0) throw failure('WorkloadFailing', `${name}: ${failing.join('; ')}`);
  if (open.length > 0) throw failure('NotVerified', `${name}: ${open.join('; ')}`);
  return evidence;
}

async function readPodsAsking(deployment: Deployment, use: DeploymentDependencies): Promise<PodReading[]> {
  const { podEndpoint } = knownDeployment(deployment.name, use);
  const pods = await use.kubernetes().readPods(deployment);
  return Promise.all(
    pods.map(async (pod) => {
      if (!podEndpoint || !pod.ready || pod.terminating || !pod.address) return pod;
      const host = pod.address.includes(':') ? `[${pod.address}]` : pod.address;
      return { ...pod, answers: await answers(`http://${host}:${podEndpoint.port}${podEndpoint.path}`) };
    }),
  );
}
