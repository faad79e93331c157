/** The decisions of redisClusterBootstrap, as tables: what it does, and what stands in the way. */
import type { FormationFacts, RedisClusterFacts, RedisClusterKind } from '../../../activities/redis-clusters/contract';
import { type Finding, redisClusterBootstrapInput, topologySchema } from '../../../catalogue';
import { findings, mayJoin } from '../../../workflows/redis-cluster-bootstrap/decisions';
import { definition } from '../../../workflows/redis-cluster-bootstrap/workflow';
import { topologyWith } from './support/topology';

const bare = topologyWith();
const topologyFor = (holds: string[] = ['cache'], more: object = {}) =>
  topologySchema.parse({
    ...bare,
    kubernetes: { ...bare.kubernetes, redisCluster: { name: 'rc', image: 'redis:7-alpine', holds }, ...more },
  });

const kinds: RedisClusterKind[] = ['ConfigMap', 'Secret', 'Service', 'PodDisruptionBudget', 'StatefulSet'];
/** All there, but for these. */
function objects(missing: RedisClusterKind[], differs: Partial<Record<RedisClusterKind, string[]>> = {}) {
  return Object.fromEntries(
    kinds.map((kind) => [
      kind,
      { ...(missing.includes(kind) ? {} : { now: kind }), wanted: kind, differs: differs[kind] ?? [] },
    ]),
  ) as RedisClusterFacts['objects'];
}

const gibibyte = 2 ** 30;
const formation = (more: Partial<FormationFacts> = {}): FormationFacts => ({
  ...{ state: 'absent', joins: true, keys: 0 },
  ...more,
});
const machines = ['a', 'b', 'c'].map((name) => ({
  ...{ name, free: { cpuMillis: 4000, memoryBytes: 16 * gibibyte, pods: 10 } },
}));

function facts(more: Partial<RedisClusterFacts> = {}): RedisClusterFacts {
  return {
    ...{ namespace: 'broxiva-prod', name: 'rc', objects: objects(kinds), formation: formation() },
    ...{ foreign: [], controllers: [], selecting: [], claims: [], quotas: [], nodes: machines },
    requests: { cpuMillis: 100, memoryBytes: 2 * gibibyte },
    ...more,
  };
}

const input = (more: object = {}) => redisClusterBootstrapInput.parse({ requestedBy: 'a@example.com', ...more });
const adopted = { objects: objects([]) };

test.each<[string, Partial<RedisClusterFacts>, string[]]>([
  ['nothing is there', {}, ['configure rc', 'give a login to rc', 'publish rc', 'protect rc', 'run rc', 'form rc']],
  ['pods are there, and no cluster', { ...adopted, formation: formation({ state: 'unformed' }) }, ['form rc']],
  [
    'its disruption budget is missing',
    { objects: objects(['PodDisruptionBudget']), formation: formation({ state: 'formed', joins: false }) },
    ['protect rc'],
  ],
  ['all is so already', { ...adopted, formation: formation({ state: 'formed', joins: false }) }, []],
])('%s', (_name, more, expected) => {
  expect(definition.steps(input(), facts(more), topologyFor()).map(({ name }) => name)).toEqual(expected);
});

test.each<[string, Partial<RedisClusterFacts>, string, boolean]>([
  ['of pods that this run makes goes with them', {}, 'reversible', true],
  [
    'of pods that were there joins them for good',
    { ...adopted, formation: formation({ state: 'unformed' }) },
    'irreversible',
    false,
  ],
  [
    'of nodes that have lost each other takes nothing from them',
    { ...adopted, formation: formation({ state: 'unformed', joins: false, missing: '15 actions' }) },
    'reversible',
    true,
  ],
])('forming %s', (_name, more, reversibility, undone) => {
  const step = definition.steps(input(), facts(more), topologyFor()).at(-1)!;
  expect([step.reversibility, step.undo !== undefined]).toEqual([reversibility, undone]);
});

test.each<[string, Partial<RedisClusterFacts>, object, boolean]>([
  ['is tried where this run makes the pods', {}, {}, true],
  ['not where that is not wanted', {}, { tryLossOfMaster: false }, false],
  ['not on pods that were there', { ...adopted, formation: formation({ state: 'unformed' }) }, {}, false],
  ['not on volumes that were there', { claims: ['data-rc-0'] }, {}, false],
  ['not without replicas', {}, { replicasPerMaster: 0, allowNoReplicas: true }, false],
])('the loss of a master %s', (_name, more, wanted, expected) => {
  const step = definition.steps(input(wanted), facts(more), topologyFor()).at(-1)!;
  expect(/killed/.test(step.detail ?? '')).toBe(expected);
});

test.each<[string, Partial<RedisClusterFacts>, boolean]>([
  ['of this run', {}, true],
  ['that have never met, as the plan says', { ...adopted, formation: formation({ state: 'unformed' }) }, true],
  ['that were one cluster', { ...adopted, formation: formation({ state: 'unformed', joins: false }) }, false],
  ['that do not answer', { ...adopted, formation: formation({ joins: false }) }, false],
])('nodes %s: whether they may be joined', (_name, more, expected) => expect(mayJoin(facts(more))).toBe(expected));

const said = (found: Finding[]) => found.filter(({ level }) => level !== 'ok').map(({ code }) => code);

test.each<[string, Partial<RedisClusterFacts>, object, string[], string[]?]>([
  ['all is well', {}, {}, []],
  ['five nodes', {}, { nodes: 5 }, ['NodesDoNotFit']],
  ['four nodes', {}, { nodes: 4 }, ['NodesDoNotFit']],
  ['seven nodes', {}, { nodes: 7 }, ['NodesDoNotFit']],
  ['nine nodes with two replicas each', {}, { nodes: 9, replicasPerMaster: 2 }, []],
  ['three nodes without replicas', {}, { nodes: 3, replicasPerMaster: 0 }, ['NoReplicas']],
  ['the same, meant', {}, { nodes: 3, replicasPerMaster: 0, allowNoReplicas: true }, []],
  ['queues in it', {}, {}, ['EvictsWhatMustStay'], ['cache', 'queues']],
  ['queues in it, and nothing is evicted', {}, { evictionPolicy: 'noeviction' }, [], ['queues']],
  ['an object of somebody else', { foreign: [{ kind: 'Service', managers: ['helm'] }] }, {}, ['ObjectOfAnother']],
  ['a tool that sets it back', { controllers: [{ kind: 'Secret', controller: 'Flux' }] }, {}, ['OwnedByController']],
  [
    'another volume',
    { objects: objects([], { StatefulSet: ['volumeClaimTemplates.0'] }) },
    {},
    ['ObjectDiffers', 'JoinedForGood'],
  ],
  ['a Service that means its pods', { selecting: ['Service redis'] }, {}, ['PodsOfAnother']],
  [
    'nodes that are refused',
    { ...adopted, formation: formation({ refusal: 'ForeignKeys: …', joins: false }) },
    {},
    ['ClusterRefused'],
  ],
  ['no room', { nodes: machines.slice(0, 1) }, { nodes: 12 }, ['NoRoom', 'FewMachines']],
  [
    'pods that are there need no more room',
    { ...adopted, nodes: machines.slice(0, 1), formation: formation({ state: 'formed', joins: false }) },
    { nodes: 12 },
    ['FewMachines'],
  ],
  ['volumes from before', { claims: ['data-rc-0'] }, {}, ['VolumesKept']],
  ['pods that have never met', { ...adopted, formation: formation({ state: 'unformed' }) }, {}, ['JoinedForGood']],
  [
    'nodes that have lost each other',
    { ...adopted, formation: formation({ state: 'unformed', joins: false, missing: '15 actions' }) },
    {},
    ['NodesNotTogether'],
  ],
])('%s', (_name, more, wanted, expected, ...[holds]) => {
  expect(said(findings(input(wanted), facts(more), topologyFor(holds)))).toEqual(expected);
});
