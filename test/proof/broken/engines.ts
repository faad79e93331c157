/**
 * Engines that are broken on purpose, each by one change of the sources, with the case that must show it and who must say so.
 * A proof that cannot see these proves nothing.
 */
import type { Case } from '../harness/case';
import { green } from '../harness/case';
import type { Break } from '../harness/code';
import { faultsOfKubernetes } from '../matrix/faults-of-kubernetes';
import { repeats, type Shown, unwinds } from '../matrix/matrix';
import { databaseRestart } from '../subjects/database-restart';
import { databaseSkuUpgrade } from '../subjects/database-sku-upgrade';
import { scaleDeployment } from '../subjects/scale-deployment';
import type { Subject } from '../subjects/subject';

/** What an engine is shown on: a variant of one step. Nothing of a case depends on what it would show itself. */
export interface Ground {
  subject: Subject;
  variant: string;
  shown: Shown;
}

const nothing = {
  requests: 0,
  connections: 0,
  redisChanges: 0,
  redisReads: 0,
  directChanges: 0,
  mutations: [],
  mutationsOf: {},
  resources: 1,
  databases: 0,
  caches: 0,
  podsStarted: 0,
  changesServers: false,
  patchesServers: false,
  changesSize: false,
  makesReplicas: false,
  troubles: [],
  warnings: [],
};
const server: Ground = {
  subject: databaseSkuUpgrade,
  variant: 'up',
  shown: {
    ...{ ...nothing, databases: 1, steps: [{ name: 'scale primary', reversible: true }], systems: ['azure'] },
    competitors: [],
  },
};
const deployment: Ground = {
  subject: scaleDeployment,
  variant: 'out',
  shown: {
    ...{ ...nothing, steps: [{ name: 'scale web', reversible: true }], systems: ['kubernetes'] },
    competitors: ['another manager scales'],
  },
};
const pooledServer: Ground = {
  subject: databaseRestart,
  variant: 'behind a pooler',
  shown: {
    ...{ ...nothing, databases: 1, steps: [{ name: 'restart', reversible: true }], systems: ['azure'] },
    competitors: [],
  },
};

export interface BrokenEngine {
  name: string;
  change: Break;
  ground: Ground;
  given(shown: Shown): Case;
  /** As a violation names it. */
  caughtBy: string;
}

export const brokenEngines: BrokenEngine[] = [
  {
    name: 'an undo is skipped',
    change: {
      file: 'workflows/runbook/rollback.ts',
      find: 'step.undo ? await step.undo(before) : await abandon(step, certain)',
      replace: "step.undo ? 'skipped' : await abandon(step, certain)",
    },
    ground: server,
    given: (shown) => unwinds(shown, 0, 'failAfter'),
    caughtBy: '1 outcome',
  },
  {
    name: 'the undo is registered after apply',
    change: {
      file: 'workflows/runbook/perform.ts',
      find: '    begun.push(entry);\n  }\n  entry.applied = false;\n  await step.apply(entry.before);\n',
      replace: '  }\n  await step.apply(entry.before);\n  if (!begun.includes(entry)) begun.push(entry);\n',
    },
    ground: server,
    given: (shown) => unwinds(shown, 0, 'failAfter'),
    caughtBy: '4 intent first',
  },
  {
    name: 'the verification is ignored',
    change: {
      file: 'workflows/runbook/perform.ts',
      find: 'await step.verify(entry.before)',
      replace: "'not asked'",
    },
    ground: server,
    given: () => green,
    caughtBy: '5 verify before advance',
  },
  {
    name: 'the lock is released early',
    change: {
      file: 'workflows/runbook/runbook.ts',
      find: "if (!('outcome' in prepared)) return",
      replace: "if (!('outcome' in prepared)) await unlockTargets(run);\n  if (!('outcome' in prepared)) return",
    },
    ground: server,
    given: () => green,
    caughtBy: '2 single writer',
  },
  {
    name: 'a second PATCH is sent',
    change: {
      file: 'activities/database/changes.ts',
      find: 'return shown && (!undo ||',
      replace: 'return false && shown && (!undo ||',
    },
    ground: server,
    given: repeats,
    caughtBy: '3 effect once',
  },
  {
    name: 'what another has just written is overwritten',
    change: {
      file: 'activities/kubernetes/client.ts',
      find: 'const body = { metadata: { resourceVersion: version }, spec: { replicas } };',
      replace: 'const body = { spec: { replicas } };',
    },
    ground: deployment,
    given: (shown) => faultsOfKubernetes(shown).find(({ name }) => name === 'right before the change')!,
    caughtBy: '12 the plan is what happens',
  },
  {
    name: 'one pod of the pooler is left out of the pause',
    change: {
      file: 'activities/restarts/pause.ts',
      find: '    return onPod(pool, host, ({ pause }) =>',
      replace: '    if (this.held.size > 1) return Promise.resolve();\n    return onPod(pool, host, ({ pause }) =>',
    },
    ground: pooledServer,
    given: () => green,
    caughtBy: '11 all poolers or none',
  },
];
