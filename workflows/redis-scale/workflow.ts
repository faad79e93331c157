/**
 * redisScale: another tier, size or number of shards for an Azure Cache for Redis.
 *
 * 1. Tier and size, in one operation; then what of the memory is reserved is set again, because Azure does not carry it along.
 * 2. Shards, in an operation of their own, because Azure refuses both at once.
 *
 * Each step writes a marker first, which must be there when the cache is what it is to be, and is deleted then. A higher tier
 * has no way back; what was evicted does not come back with a larger size.
 *
 * Out of scope: Azure Managed Redis, persistence, zones, a move to a new cache.
 */
import type { CacheActivities, CacheBefore, CacheFacts, CacheShape, Wanted } from '../../activities/caches/contract';
import type { RedisScaleInput, Topology } from '../../catalogue';
import { redisScaleInput, runbooks, targetOf } from '../../catalogue';
import { changes, marks, reads, removals, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import type { ShapeStep } from './decisions';
import {
  excessBytes,
  expectedSeconds,
  losesEverything,
  markerMustStay,
  reversibilityOf,
  shapeSteps,
  showShape,
  showShards,
  stallSeconds,
  wantedShape,
} from './decisions';
import { findings, settled } from './findings';

const read = reads<CacheActivities>();
const act = changes<CacheActivities>();
const check = verifications<CacheActivities>();
const mark = marks<CacheActivities>();
const remove = removals<CacheActivities>();

export const definition: Runbook<RedisScaleInput, CacheFacts> = {
  name: 'redisScale',
  title: runbooks['redisScale']!.title,
  input: redisScaleInput,
  subject: (wanted, topology) => `${nameOf(wanted, topology)} (${topology.azure.resourceGroup})`,
  preflight: (wanted, topology) =>
    read('preflight · read the cache, by Azure and over TLS').inspectCache({ cache: nameOf(wanted, topology) }),
  targets: (_wanted, { name }) => [targetOf('redis', name)],
  findings,
  steps: (wanted, facts) => shapeSteps(wanted, facts).map((step) => scale(step, wanted, facts)),
  clients: (_wanted, { name }) => ({ kind: 'redis', cache: name }),
  settled,
  costChangePerHour: (wanted, facts, topology) => {
    const each = ({ tier, size, shards = 1 }: CacheShape) => {
      const cost = topology.redis?.costPerHour[`${tier} ${size}`];
      return cost === undefined ? undefined : cost * shards;
    };
    const [was, is] = [each(facts.shape), each(wantedShape(wanted, facts))];
    return was === undefined || is === undefined ? undefined : is - was;
  },
};

export const redisScale = runbook(definition);

/** The one that the input names, or the topology's. */
function nameOf({ cache }: RedisScaleInput, { redis }: Topology): string {
  return cache ?? redis?.cache ?? '';
}

function scale(step: ShapeStep, { timing }: RedisScaleInput, facts: CacheFacts): AnyStep {
  const { name: cache } = facts;
  const { name, kind, from, to } = step;
  const show = kind === 'shards' ? showShards : showShape;
  const marker = (shape: CacheShape) => (markerMustStay(from, shape, facts) ? 'must' : 'may');
  /** Written and not looked for yet. One that is gone is not written anew, or what is lost would be found. */
  let isOut = false;
  return change<Wanted, CacheBefore>({
    ...{ name, resource: targetOf('redis', cache), from: { shape: from }, to: { shape: to } },
    show: ({ shape }) => show(shape),
    reversibility: reversibilityOf(step, facts),
    // Going back replaces the nodes once more; memory is reserved without that.
    undoDisturbsClients: kind !== 'reserved',
    expectedSeconds: expectedSeconds(step),
    detail: detailOf(step, facts),
    impact: impactOf(step),
    read: () => read(`${name} · read what it is`).readCache({ cache }),
    valueOf: ({ shape, maxMemoryBytes }) => ({ shape, maxMemoryBytes }),
    set: async (wanted, way) => {
      // Runs from before have no answer in their history, and wrote it.
      isOut ||= (await mark(`${name} · write the marker`).placeMarker({ cache })) !== 'refused';
      await act(`${name} · change to ${show(wanted.shape)}`, timing).changeCache({
        ...{ cache, wanted, deadlineSeconds: timing.operationTimeoutSeconds, undo: way === 'back' },
      });
    },
    check: async (wanted, since) => {
      const evidence = await check(`${name} · verify ${show(wanted.shape)}`, timing).verifyCache({
        ...{ cache, wanted, marker: isOut ? marker(wanted.shape) : 'none' },
        ...(since ? { since } : {}),
      });
      if (isOut) await remove(`${name} · delete the marker`).tidyMarker({ cache });
      isOut = false;
      return evidence;
    },
  });
}

function detailOf({ from, to, kind }: ShapeStep, facts: CacheFacts): string {
  const excess = excessBytes(to, facts);
  return [
    ...(kind === 'size' && from.tier !== to.tier ? [`there is no way back to ${from.tier}`] : []),
    ...(kind === 'shards' && from.shards === undefined ? ['a cluster does not become a single server again'] : []),
    ...(losesEverything(from, to) ? ['all data is lost'] : []),
    ...(excess > 0 && !losesEverything(from, to) ? ['what has no room is evicted'] : []),
    ...(kind === 'size' && to.tier !== 'Basic'
      ? [`then ${to.reserved.maxmemory} MB and, for fragmentation, ${to.reserved.fragmentation} MB reserved again`]
      : []),
    `marker ${facts.marker}`,
  ].join('; ');
}

function impactOf({ from, to, kind }: ShapeStep): string {
  if (kind === 'reserved') return 'nothing';
  if (losesEverything(from, to)) return 'all: the cache is gone until it is scaled';
  return `all: connections break, ≤ ${stallSeconds} s`;
}
