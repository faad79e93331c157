/** The activities of configureAutoscaling: contract.ts says what each does. */
import { describeAutoscaling, metricName, type AutoscalerSpec } from '../../catalogue';
import type { Alive } from '../alive';
import { failure } from '../failures';
import type { AutoscalingActivities, AutoscalingFacts } from './contract';
import { controllerOf } from './controller';
import type { DeploymentDependencies } from './dependencies';
import { answers } from './endpoint';
import { assertStill, guarded } from './guarded';
import { knownDeployment } from './inspection';
import { inactiveReasons } from './judgement';

/** Usage of new pods is known after a minute, and looked at every 15 s: what does not scale by then will not. */
const patienceMs = 90_000;

const show = (spec: AutoscalerSpec | undefined) => (spec ? describeAutoscaling(spec) : 'no autoscaler');

export function createAutoscalingActivities(use: DeploymentDependencies): AutoscalingActivities {
  const kubernetes = () => use.kubernetes();
  const what = (name: string) => `the autoscaler ${name}`;

  return {
    async inspectAutoscaling({ deployment, name, to }): Promise<AutoscalingFacts> {
      const { clientUrl } = knownDeployment(deployment, use);
      const found = await kubernetes().readDeployment(deployment);
      const [others, pods, conflicts, missing, clientsAnswer] = await Promise.all([
        kubernetes().readAutoscalers(deployment),
        kubernetes().readPods(found),
        kubernetes().conflictsOf(name, to),
        kubernetes().metricsWithoutSource(to, found),
        clientUrl === undefined ? undefined : answers(clientUrl),
      ]);
      // Last: what somebody sets while the others are read is in it, as it may be in the conflicts.
      const now = await kubernetes().findAutoscaler(name);
      const controller = now && controllerOf(now, { whole: true });
      return {
        namespace: kubernetes().namespace,
        ...{ deployment, name, replicas: found.replicas, conflicts, missing },
        ...(now ? { now: now.spec } : {}),
        others: others.map((one) => one.name).filter((other) => other !== name),
        ...(controller ? { controller } : {}),
        ...(clientsAnswer === undefined ? {} : { clientsAnswer }),
        requests: found.requests,
        usage: pods.flatMap(({ usage }) => (usage ? [usage] : [])).slice(0, 100),
      };
    },

    async readAutoscaling({ name, deployment }) {
      const spec = (await kubernetes().findAutoscaler(name))?.spec;
      const { replicas, readyReplicas } = await kubernetes().readDeployment(deployment);
      return { ...(spec ? { spec } : {}), pods: { replicas, ready: readyReplicas >= replicas }, at: Date.now() };
    },

    changeAutoscaling: (request) => {
      const { name, to, takeOver } = request;
      return guarded<AutoscalerSpec | undefined>(
        what(name),
        request,
        async () => {
          const now = await kubernetes().findAutoscaler(name);
          const write = async ({ identity }: Alive) => {
            if (takeOver) return kubernetes().applyAutoscaler(name, to!, { takeOver, instead: now }, identity);
            if (!now) throw failure('WorkloadNotFound', `${what(name)} is gone: what it was is not made anew`);
            return to
              ? kubernetes().replaceAutoscaler(now, to, identity)
              : kubernetes().deleteAutoscaler(now, identity);
          };
          return { value: now?.spec, write };
        },
        show,
      );
    },

    async verifyAutoscaling({ name, spec, since }) {
      const now = await kubernetes().findAutoscaler(name);
      assertStill(what(name), spec, now?.spec, show);
      if (!now) return 'there is none';
      const unread = (now.spec.metrics ?? []).map(metricName).filter((metric) => !now.currentMetrics.includes(metric));
      // What it said before it saw the new form counts for nothing: it must have read every metric that it is to go by.
      const open = [...inactiveReasons(now.conditions), ...unread.map((metric) => `it has not read ${metric} yet`)];
      const within = now.desired >= now.min && now.desired <= now.max;
      if (!within) open.push(`it wants ${now.desired} pods, outside ${now.min} to ${now.max}`);
      // One without conditions has not been looked at, as when the controllers were away: that says nothing against it.
      const lookedAt = now.conditions.length > 0;
      const late = since !== undefined && lookedAt && Date.now() > since.at + patienceMs;
      if (open.length > 0) throw failure(late ? 'WorkloadFailing' : 'NotVerified', `${what(name)}: ${open.join('; ')}`);
      return `AbleToScale, ScalingActive, wants ${now.desired}, has ${now.current}`;
    },
  };
}
