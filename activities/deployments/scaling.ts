/** The activities of scaleDeployment: contract.ts says what each does. */
import type { Alive } from '../alive';
import type { Bounds, ScalingActivities } from './contract';
import type { DeploymentDependencies } from './dependencies';
import { assertStill, guarded } from './guarded';
import { inspect } from './inspection';
import { verifyWorkload } from './workload';

export function createScalingActivities(use: DeploymentDependencies): ScalingActivities {
  const kubernetes = () => use.kubernetes();
  return {
    inspectDeployment: ({ deployment }) => inspect(deployment, use),

    async readReplicas({ deployment }) {
      return { replicas: (await kubernetes().readDeployment(deployment)).replicas, at: Date.now() };
    },
    changeReplicas: (request) =>
      guarded(podsOf(request), request, async () => {
        const now = await kubernetes().readDeployment(request.deployment);
        const write = ({ identity }: Alive) => kubernetes().setReplicas(now, request.to, identity);
        return { value: now.replicas, write };
      }),
    async verifyReplicas({ deployment, replicas, since }) {
      const now = await kubernetes().readDeployment(deployment);
      assertStill(podsOf({ deployment }), replicas, now.replicas);
      return verifyWorkload(
        deployment,
        { wanted: () => ({ atLeast: replicas, exactly: replicas, allGone: true }), since },
        use,
      );
    },

    async readBounds({ autoscaler, deployment }) {
      const { min, max } = await kubernetes().readAutoscaler(autoscaler);
      const found = deployment === undefined ? undefined : await kubernetes().readDeployment(deployment);
      return { bounds: { min, max }, ...(found ? { pods: found.replicas } : {}), at: Date.now() };
    },
    changeBounds: (request) =>
      guarded(
        limitsOf(request),
        request,
        async () => {
          const now = await kubernetes().readAutoscaler(request.autoscaler);
          const write = ({ identity }: Alive) => kubernetes().setBounds(now, request.to, identity);
          return { value: { min: now.min, max: now.max }, write };
        },
        showBounds,
      ),
    async verifyBounds({ autoscaler: name, deployment, bounds, since }) {
      const autoscaler = await kubernetes().readAutoscaler(name);
      assertStill(limitsOf({ autoscaler: name }), bounds, autoscaler, showBounds);
      const exactly = bounds.min === bounds.max ? { exactly: bounds.min, allGone: true } : {};
      const wanted = () => ({ atLeast: bounds.min, atMost: bounds.max, ...exactly });
      return verifyWorkload(deployment, { wanted, since, autoscaler }, use);
    },

    async readVariable({ deployment, variable }) {
      const value = (await kubernetes().readDeployment(deployment)).environment[variable];
      return { ...(value === undefined ? {} : { value }), at: Date.now() };
    },
    changeVariable: (request) =>
      guarded<string | undefined>(variableOf(request), request, async () => {
        const now = await kubernetes().readDeployment(request.deployment);
        const write = ({ identity }: Alive) => kubernetes().setVariable(now, request.variable, request.to, identity);
        return { value: now.environment[request.variable], write };
      }),
    async verifyVariable({ deployment, variable, value, since }) {
      const now = await kubernetes().readDeployment(deployment);
      assertStill(variableOf({ deployment, variable }), value, now.environment[variable]);
      const wanted = ({ replicas }: { replicas: number }) => ({ atLeast: replicas, allGone: true });
      return `${variable} ${value ?? 'not set'}, ${await verifyWorkload(deployment, { wanted, since }, use)}`;
    },
  };
}

function showBounds({ min, max }: Bounds): string {
  return `min ${min}, max ${max}`;
}

function podsOf({ deployment }: { deployment: string }): string {
  return `the number of pods of ${deployment}`;
}

function limitsOf({ autoscaler }: { autoscaler: string }): string {
  return `the limits of ${autoscaler}`;
}

function variableOf({ deployment, variable }: { deployment: string; variable: string }): string {
  return `${variable} of ${deployment}`;
}
