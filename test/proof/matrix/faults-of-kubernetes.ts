/** What a cluster does to a run: its API server, others who write, and pods that do not come up; each as a case of its own. */
import type { Affliction } from '../harness/affliction';
import { type Case, green, type KubernetesFault, type Moment } from '../harness/case';
import { evenly, type Shown } from './matrix';
import { type Outcomes, struck } from './struck';

export function faultsOfKubernetes(shown: Shown): Case[] {
  return [
    ...ofApiServer(shown),
    ...ofOthers(shown),
    ...(shown.podsStarted > 0 ? afflictions.map(afflicted) : []),
    ...ofRedisNodes(shown),
  ];
}

/** Between any two of the run's own steps, and while nodes are made one cluster, or slots are moved. */
function ofRedisNodes({ redisNodesMade: made = 0, requests, redisNodes, redisChanges }: Shown): Case[] {
  if (made === 0 || !redisNodes) return [];
  const killed = (node: number): StrikeAtRedis => ({ do: 'killRedisNode', node });
  const atMoments = (moments: number, helper: string, strike: (node: number) => StrikeAtRedis) =>
    Array.from({ length: moments }, (_, index) => {
      const request = made + Math.ceil(((index + 1) * (requests - made)) / (moments + 1));
      const node = index % redisNodes.last;
      return {
        ...struck(helper, `node ${node}, at request ${request}`, [{ request, ...strike(node) }]),
        // How often is asked depends on how long things take: a run can be over before.
        mayMiss: true,
      };
    });
  // Not at the last ones: of nodes that leave the pods may be gone by then.
  const atChanges = evenly(redisChanges, redisNodes.most + 1)
    .slice(0, -1)
    .map((redisChange, node) => ({
      ...struck('Redis node killed', `node ${node}, at change ${redisChange} of Redis`, [
        { redisChange, ...killed(node) },
      ]),
      mayMiss: true,
    }));
  return [
    // A master that was given up as failed counts again after twice the node time-out, and takes part after once more: 20 s on an idle
    // machine.
    ...[...atMoments(12, 'Redis node killed', killed), ...atChanges].map((one) => ({
      ...one,
      timing: { verificationTimeoutSeconds: 120 },
    })),
    // Shorter than the node time-out: nobody takes its place, and it is late.
    ...atMoments(6, 'Redis node frozen', (node) => ({ do: 'freezeRedisNode', node, thawAfterMs: 4000 })),
  ];
}

type StrikeAtRedis =
  { do: 'killRedisNode'; node: number } | { do: 'freezeRedisNode'; node: number; thawAfterMs: number };

function ofApiServer({ mutations, mutationsOf: { kubernetes: changes = 0 } }: Shown): Case[] {
  const down: KubernetesFault = { system: 'kubernetes', name: 'down', options: { seconds: 20 } };
  const moments: [string, Moment][] = [
    ['before the first change', { request: mutations[0]! - 1 }],
    ...mutations.flatMap((_, index): [string, Moment][] => [
      [`at mutation ${index + 1}`, { mutation: index + 1 }],
      [`after mutation ${index + 1}`, { afterMutation: index + 1 }],
    ]),
  ];
  return [
    ...(['read', 'mutation'] as const).flatMap((on) => [
      answered('throttle', { on, seconds: 2 }),
      answered('server-error', { on }),
      answered('unavailable', { on, count: 3 }),
    ]),
    ...Array.from({ length: changes }, (_, after) => [
      answered('conflict', { after }),
      answered('lost-response', { after }),
    ]).flat(),
    ...moments.map(([name, moment]) =>
      struck('API server down', `for 20 s, ${name}`, [{ ...moment, do: 'arm', fault: down }]),
    ),
  ];
}

/** What others have set is neither overwritten nor taken back: a run that has begun says so, and an operator decides. */
function ofOthers({ competitors, mutations }: Shown): Case[] {
  const moments: [string, Moment][] = [
    ['between plan and step', { request: mutations[0]! - 1 }],
    ['right before the change', { mutation: 1 }],
    ['between change and verification', { afterMutation: 1 }],
  ];
  return competitors.flatMap((competitor) =>
    moments.map(([name, moment]): Case => ({
      ...struck(competitor, name, [{ ...moment, do: 'compete', competitor }]),
      timing: { verificationTimeoutSeconds: 40 },
      answer: (_trouble, asked) => (asked === 0 ? 'retry' : 'accept'),
      expected: { outcomes: ['Refused', 'RolledBack', 'Accepted'] },
    })),
  );
}

/** Preflight may see it, or the verification does. */
const afflictions: [Affliction, Outcomes][] = [
  ['new pods crash-loop', ['RolledBack']],
  ['new pods never become ready', ['RolledBack']],
  ['image missing', ['Refused', 'RolledBack']],
  ['quota exceeded', ['Refused', 'RolledBack']],
];

function afflicted([affliction, outcomes]: [Affliction, Outcomes]): Case {
  return {
    ...green,
    ...{ helper: affliction, name: 'from before the run on', affliction },
    timing: { verificationTimeoutSeconds: 40 },
    expected: { outcomes },
  };
}

/** Told of in the table as "API server: <its name>". */
function answered(name: KubernetesFault['name'], options: KubernetesFault['options']): Case {
  const words = Object.entries(options).map(([key, value]) => `${key} ${String(value)}`);
  return {
    ...green,
    ...{ helper: `API server: ${name}`, name: words.join(', ') },
    faults: [{ system: 'kubernetes', name, options }],
    expected: { outcomes: ['Succeeded'] },
  };
}
