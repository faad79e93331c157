/** The activities of the runbooks for deployments: contract.ts says what each does. */
import stringify from 'fast-json-stable-stringify';
import { type Alive, assertInTime, whileAlive } from '../alive';
import { azureProblem } from '../azure/failures';
import { asFailures, failure, type Mapping } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import type { Autoscaler, Deployment } from '../kubernetes/kubernetes';
import { postgresProblem } from '../postgres/failures';
import type { DeploymentActivities, Since } from './contract';
import type { DeploymentDependencies } from './dependencies';
import { answers } from './endpoint';
import { inspect, knownDeployment } from './inspection';
import { type Judgement, judgeWorkload, type PodReading, type Wanted } from './judgement';

const mappings: Mapping[] = [kubernetesProblem, azureProblem, postgresProblem];

export function createDeploymentActivities(use: DeploymentDependencies): DeploymentActivities {
  const kubernetes = () => use.kubernetes();

  const judge = async (
    name: string,
    wanted: (deployment: Deployment) => Wanted,
    since?: Since,
    scaler?: Autoscaler,
  ) => {
    const deployment = await kubernetes().readDeployment(name);
    const [pods, warnings] = await Promise.all([podsOf(deployment, use), kubernetes().readWarnings(deployment)]);
    const reading = { deployment, pods, warnings, ...(scaler ? { autoscaler: scaler } : {}) };
    return verified(name, judgeWorkload(reading, wanted(deployment), since));
  };

  const activities: DeploymentActivities = {
    inspectDeployment: ({ deployment }) => inspect(deployment, use),

    async readReplicas({ deployment }) {
      return { replicas: (await kubernetes().readDeployment(deployment)).replicas, at: Date.now() };
    },
    changeReplicas: ({ deployment, from, to, deadlineSeconds }) =>
      change(`the number of pods of ${deployment}`, deadlineSeconds, { from, to }, async () => {
        const now = await kubernetes().readDeployment(deployment);
        return { value: now.replicas, write: ({ identity }) => kubernetes().setReplicas(now, to, identity) };
      }),
    async verifyReplicas({ deployment, replicas, since }) {
      const now = await kubernetes().readDeployment(deployment);
      assertStill(`the number of pods of ${deployment}`, replicas, now.replicas);
      return judge(deployment, () => ({ atLeast: replicas, exactly: replicas }), since);
    },

    async readBounds({ autoscaler }) {
      const { min, max } = await kubernetes().readAutoscaler(autoscaler);
      return { bounds: { min, max }, at: Date.now() };
    },
    changeBounds: ({ autoscaler, from, to, deadlineSeconds }) =>
      change(`the limits of ${autoscaler}`, deadlineSeconds, { from, to }, async () => {
        const now = await kubernetes().readAutoscaler(autoscaler);
        const value = { min: now.min, max: now.max };
        return { value, write: ({ identity }) => kubernetes().setBounds(now, to, identity) };
      }),
    async verifyBounds({ autoscaler, deployment, bounds, since }) {
      const now = await kubernetes().readAutoscaler(autoscaler);
      assertStill(`the limits of ${autoscaler}`, bounds, { min: now.min, max: now.max });
      const exactly = bounds.min === bounds.max ? { exactly: bounds.min } : {};
      return judge(deployment, () => ({ atLeast: bounds.min, ...exactly }), since, now);
    },

    async readVariable({ deployment, variable }) {
      const value = (await kubernetes().readDeployment(deployment)).environment[variable];
      return { ...(value === undefined ? {} : { value }), at: Date.now() };
    },
    changeVariable: ({ deployment, variable, from, to, deadlineSeconds }) =>
      change(`${variable} of ${deployment}`, deadlineSeconds, { from, to }, async () => {
        const now = await kubernetes().readDeployment(deployment);
        const write = ({ identity }: Alive) => kubernetes().setVariable(now, variable, to, identity);
        return { value: now.environment[variable], write };
      }),
    async verifyVariable({ deployment, variable, value, since }) {
      const now = await kubernetes().readDeployment(deployment);
      assertStill(`${variable} of ${deployment}`, value, now.environment[variable]);
      const evidence = await judge(deployment, ({ replicas }) => ({ atLeast: replicas }), since);
      return `${variable} ${value ?? 'not set'}, ${evidence}`;
    },
  };
  return asFailures(activities, mappings);
}

interface Reading<Value> {
  value: Value;
  write(alive: Alive): Promise<void>;
}

/** Reads, and writes where it is as expected; what somebody else has set is not overwritten. */
function change<Value>(
  what: string,
  deadlineSeconds: number,
  { from, to }: { from: Value; to: Value },
  read: () => Promise<Reading<Value>>,
): Promise<void> {
  return whileAlive(
    () => what,
    async (alive) => {
      assertInTime(what, deadlineSeconds);
      const { value, write } = await read();
      if (same(value, to)) return;
      if (!same(value, from)) {
        throw failure('Drift', `${what}: ${said(value)} was found, neither ${said(from)} nor ${said(to)}`);
      }
      alive.assertAwake();
      await write(alive);
    },
  );
}

function assertStill(what: string, wanted: unknown, found: unknown): void {
  if (same(wanted, found)) return;
  throw failure('Drift', `${what}: ${said(found)} was found, not ${said(wanted)} any more`);
}

function same(one: unknown, other: unknown): boolean {
  return said(one) === said(other);
}

function said(value: unknown): string {
  if (value === undefined) return 'nothing';
  return stringify(value).replace(/[{}"]/g, '').replace(/,/g, ', ');
}

async function podsOf(deployment: Deployment, use: DeploymentDependencies): Promise<PodReading[]> {
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

/** The evidence, or why not. */
function verified(name: string, { open, failing, evidence }: Judgement): string {
  if (failing.length > 0) throw failure('WorkloadFailing', `${name}: ${failing.join('; ')}`);
  if (open.length > 0) throw failure('NotVerified', `${name}: ${open.join('; ')}`);
  return evidence;
}
