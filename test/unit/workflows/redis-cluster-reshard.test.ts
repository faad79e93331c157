/** The decisions of redisClusterReshard, as tables: what it does, and what stands in the way. */
import type { ReshardFacts } from '../../../activities/resharding/contract';
import { type Finding, redisClusterReshardInput } from '../../../catalogue';
import { findings, settled } from '../../../workflows/redis-cluster-reshard/decisions';
import { definition } from '../../../workflows/redis-cluster-reshard/workflow';
import { topologyWith } from './support/topology';

const gibibyte = 2 ** 30;
const machines = ['a', 'b', 'c'].map((name) => ({
  ...{ name, free: { cpuMillis: 4000, memoryBytes: 16 * gibibyte, pods: 10 } },
}));

function facts(more: Partial<ReshardFacts> = {}): ReshardFacts {
  return {
    ...{ namespace: 'broxiva-prod', name: 'rc', pods: 6, isOurs: true, selecting: [], claims: [] },
    ...{ replicasPerMaster: 1, masters: 3, joined: 6, layout: 'three', wanted: 'four', slotsToMove: 4096, keys: 100 },
    ...{ memory: [], quotas: [], nodes: machines, requests: { cpuMillis: 100, memoryBytes: 2 * gibibyte } },
    ...more,
  };
}

const input = (masters: number) => redisClusterReshardInput.parse({ masters, requestedBy: 'a@example.com' });
const eight = { pods: 8, joined: 8, masters: 4 };

test.each<[string, number, Partial<ReshardFacts>, string[]]>([
  ['more masters', 4, {}, ['scale rc', 'join nodes to rc', 'move slots of rc']],
  ['fewer masters', 3, eight, ['move slots of rc', 'part nodes from rc', 'scale rc']],
  ['pods are there, and no nodes', 4, { pods: 8 }, ['join nodes to rc', 'move slots of rc']],
  ['nodes are there, without slots', 4, eight, ['move slots of rc']],
  ['slots have gone, the nodes have not', 3, { ...eight, wanted: 'three' }, ['part nodes from rc', 'scale rc']],
  ['nodes have left, their pods have not', 3, { pods: 8, wanted: 'three' }, ['scale rc']],
  ['as many, unevenly', 3, { wanted: 'even' }, ['move slots of rc']],
  ['all is so already', 3, { wanted: 'three' }, []],
  [
    'with two replicas each',
    4,
    { pods: 9, joined: 9, replicasPerMaster: 2 },
    ['scale rc', 'join nodes to rc', 'move slots of rc'],
  ],
])('%s', (_name, masters, more, expected) => {
  expect(definition.steps(input(masters), facts(more), topologyWith()).map(({ name }) => name)).toEqual(expected);
});

test('after the soak a cluster that is not good is told of, and nothing is said to be still to do', () => {
  const obstacle = 'redis-cluster-3 does not say what it sees';
  // As it is read where nobody knows more.
  const unknown = facts({
    ...{ obstacle, replicasPerMaster: 0, joined: 0, pods: 8 },
    layout: 'unknown',
    wanted: 'unknown',
  });
  expect(definition.steps(input(4), unknown, topologyWith())).toEqual([]);
  expect(settled(input(4), facts(), unknown)).toMatchObject({ drifted: [obstacle], problems: [] });
  expect(settled(input(4), facts(), facts())).not.toHaveProperty('drifted');
});

test('every step can be undone', () => {
  for (const [masters, more] of [
    [4, {}],
    [3, eight],
  ] as const) {
    const steps = definition.steps(input(masters), facts(more), topologyWith());
    expect(steps.map(({ reversibility, undo }) => [reversibility, undo !== undefined])).toEqual(
      steps.map(() => ['reversible', true]),
    );
  }
});

test('but where nodes stay whose master is dissolved: they follow others by then', () => {
  const steps = definition.steps(input(3), facts({ ...eight, dissolved: ['rc-3'] }), topologyWith());
  expect(steps.map(({ name, reversibility, undo }) => [name, reversibility, undo !== undefined])).toEqual([
    ['move slots of rc', 'reversible', true],
    ['part nodes from rc', 'irreversible', false],
    ['scale rc', 'reversible', true],
  ]);
  expect(steps[1]!.detail).toMatch(/^rc-3 become replicas of other masters/);
});

const said = (found: Finding[]) => found.filter(({ level }) => level !== 'ok').map(({ code }) => code);
const memory = (coming: number) => [{ pod: 'rc-0', usedBytes: 50, comingBytes: coming, maxBytes: 100 }];

test.each<[string, number, Partial<ReshardFacts>, string[]]>([
  ['all is well', 4, {}, []],
  ['two masters', 2, eight, ['TooFewMasters', 'VolumesStay']],
  ['no cluster', 4, { pods: undefined, isOurs: false, obstacle: 'there is none' }, ['NoCluster']],
  ['a StatefulSet of somebody else', 4, { isOurs: false }, ['ObjectOfAnother']],
  ['a tool that sets it back', 4, { controller: 'Flux' }, ['OwnedByController']],
  ['a Service that means its pods', 4, { selecting: ['Service redis'] }, ['PodsOfAnother']],
  ['a slot on its way', 4, { obstacle: 'redis-cluster-0 is moving slot 7' }, ['ClusterNotGood']],
  ['replicas would have to be masters', 3, { ...eight, mastersThatStay: 2 }, ['MastersWouldLeave', 'VolumesStay']],
  ['keys that fit', 4, { memory: memory(40) }, []],
  ['keys that do not fit', 4, { memory: memory(41) }, ['MemoryTooSmall']],
  ['no limit of memory', 4, { memory: [{ ...memory(1000)[0]!, maxBytes: 0 }] }, []],
  ['no room', 4, { nodes: [] }, ['NoRoom']],
  ['volumes from before', 4, { claims: ['data-rc-6'] }, ['VolumesKept']],
  ['fewer pods', 3, eight, ['VolumesStay']],
])('%s', (_name, masters, more, expected) => {
  expect(said(findings(input(masters), facts(more), topologyWith()))).toEqual(expected);
});
