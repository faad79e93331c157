/** What the soak showed: pods that restarted, queues that did not get shorter. Pure, table-tested. */
import type { DeploymentFacts, QueueReading } from '../../activities/deployments/contract';
import type { ScaleDeploymentInput } from '../../catalogue';
import type { Settlement } from '../runbook/definition';
import { restartsSince } from '../deployments';
import { podsAdded } from './decisions';

export function settled(wanted: ScaleDeploymentInput, before: DeploymentFacts, after: DeploymentFacts): Settlement {
  const queues = after.queues.map((now) =>
    drained(
      before.queues.find(({ name }) => name === now.name),
      now,
    ),
  );
  const out = podsAdded(wanted, before) > 0;
  return {
    problems: [
      ...restartsSince(before.restarts, after.restarts),
      ...(out ? queues.flatMap(({ stuck }) => stuck ?? []) : []),
    ],
    evidence: [...decidedByTheAutoscaler(wanted, before, after), ...queues.map(({ sentence }) => sentence)],
  };
}

function drained(before: QueueReading | undefined, now: QueueReading): { sentence: string; stuck?: string } {
  const { name, length } = now;
  if (!before) return { sentence: `${name} ${length}` };
  const seconds = (now.at - before.at) / 1000;
  const rate = (before.length - length) / seconds;
  const sentence = `${name} ${before.length} → ${length} (${rate.toFixed(1)} a second drained)`;
  return before.length > 0 && length >= before.length
    ? { sentence, stuck: `${name} is not drained: ${before.length} → ${length}` }
    : { sentence };
}

/** With an autoscaler between its limits, the number of pods is its own. */
function decidedByTheAutoscaler(
  { replicas, exact }: ScaleDeploymentInput,
  before: DeploymentFacts,
  after: DeploymentFacts,
): string[] {
  const [was] = before.autoscalers;
  const [now] = after.autoscalers;
  if (!was || !now || exact || replicas >= was.min) return [];
  return [`floor lowered, ${now.name} decides: ${after.replicas} now`];
}
