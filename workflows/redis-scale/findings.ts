/**
 * What stands in the way of another shape of a cache, what a person should know before saying yes, and what a soak may not
 * show: every reason at once. Pure, table-tested.
 */
import type { CacheFacts, CacheShape } from '../../activities/caches/contract';
import type { Finding, RedisScaleInput } from '../../catalogue';
import { cacheRetirement, findCacheSize, reservedLimits, sizesOf } from '../../catalogue';
import type { Checks } from '../runbook/checks';
import { askAll, refuse, refuseLocked, warn } from '../runbook/checks';
import type { Settlement } from '../runbook/definition';
import {
  excessBytes,
  hitRate,
  losesEverything,
  refusedByAzure,
  shapeSteps,
  trafficBetween,
  wantedShape,
} from './decisions';

interface Situation {
  wanted: RedisScaleInput;
  facts: CacheFacts;
  to: CacheShape;
}

/** The guide's "when to scale Redis". */
const hitRateMin = 85;
/** Points by which the hit rate may fall with the change. */
const hitRateFallMax = 20;

export function findings(wanted: RedisScaleInput, facts: CacheFacts): Finding[] {
  return askAll(checks, { wanted, facts, to: wantedShape(wanted, facts) });
}

const checks: Checks<Situation> = {
  'cache is ready': ({ facts: { name, state } }) =>
    state === 'Ready'
      ? []
      : [refuse('CacheNotReady', 'cache', `${name} is ${state}: it must be done with that before it is changed`)],

  'size belongs to the tier': ({ to }) =>
    sizesOf(to.tier).includes(to.size)
      ? []
      : [refuse('SizeUnavailable', 'size', `${to.tier} has no ${to.size}; its sizes: ${sizesOf(to.tier).join(', ')}`)],

  'Azure allows the way': ({ facts: { shape }, to }) => {
    const why = refusedByAzure(shape, to);
    return why === undefined ? [] : [refuse('WayRefused', shape.tier === to.tier ? 'size' : 'tier', why)];
  },

  "shards are Premium's": ({ wanted, to }) =>
    wanted.shards !== undefined && to.tier !== 'Premium'
      ? [refuse('ShardsNeedPremium', 'shards', `${to.tier} has no shards: only Premium has`)]
      : [],

  'clients speak with a cluster': ({ facts: { shape, name }, to }) =>
    shape.shards === undefined && to.shards !== undefined && to.shards > 1
      ? [
          warn(
            'BecomesCluster',
            'shards',
            `${name} becomes a cluster, for good: its clients must know Redis Cluster, and commands on several keys need keys of one slot`,
          ),
        ]
      : [],

  'what is reserved is within limits': ({ wanted: { maxmemoryReservedMb: wanted }, to }) => {
    const size = findCacheSize(to.size);
    if (wanted === undefined || !size) return [];
    const { least, most } = reservedLimits(size);
    if (to.tier === 'Basic')
      return [refuse('ReservedNotAllowed', 'maxmemoryReservedMb', 'Basic has no maxmemory-reserved: leave it away')];
    return wanted >= least && wanted <= most
      ? []
      : [
          refuse(
            'ReservedOutOfRange',
            'maxmemoryReservedMb',
            `${wanted} MB; ${to.size} takes ${least} to ${most} MB (10 to 60 % of its memory)`,
          ),
        ];
  },

  'no geo-replication': ({ facts: { name, linked } }) =>
    linked.length > 0
      ? [
          refuse(
            'GeoReplicated',
            'cache',
            `${name} is linked with ${linked.map((id) => id.split('/').at(-1)).join(', ')}, and Azure scales no linked cache: unlink it first`,
          ),
        ]
      : [],

  'no resource lock': ({ facts: { locks } }) => refuseLocked('cache', locks),

  'data comes along': ({ wanted: { acceptLoss }, facts, to }) => {
    if (!losesEverything(facts.shape, to)) return [];
    const what = 'a Basic cache loses all its data with its size, and is gone while it is scaled';
    return acceptLoss?.everything
      ? [warn('LosesEverything', 'size', what)]
      : [
          refuse(
            'LosesEverything',
            'acceptLoss.everything',
            `${what}: say acceptLoss.everything if that is acceptable`,
          ),
        ];
  },

  'data has room': ({ wanted, facts, to }) => {
    const { acceptLoss } = wanted;
    // Of each shape on the way: what is evicted there does not come back.
    const excess = Math.max(0, ...shapeSteps(wanted, facts).map((step) => excessBytes(step.to, facts)));
    if (excess === 0 || losesEverything(facts.shape, to)) return [];
    const share = Math.ceil((100 * excess) / facts.live!.usedMemoryBytes);
    const what = `${to.tier} ${to.size} has no room for ${share} % of the data: Azure evicts the least recently used, whatever the policy says`;
    return acceptLoss?.evictions
      ? [warn('DataEvicted', 'size', what)]
      : [refuse('DataDoesNotFit', 'acceptLoss.evictions', `${what}. Say acceptLoss.evictions if that is acceptable`)];
  },

  'clients are within the limit': ({ facts: { live }, to }) => {
    const most = (findCacheSize(to.size)?.maxClients ?? Infinity) * (to.shards ?? 1);
    return live && live.clients > most
      ? [refuse('TooManyClients', 'size', `${live.clients} clients are connected, ${to.size} takes ${most}`)]
      : [];
  },

  'backups are restorable': ({ facts, to }) => {
    const { rdb, aof } = facts.persistence;
    const smaller = (findCacheSize(to.size)?.memoryMb ?? 0) < (findCacheSize(facts.shape.size)?.memoryMb ?? 0);
    return smaller && (rdb || aof)
      ? [
          warn(
            'Persistence',
            'size',
            'a backup of the larger cache that is restored into the smaller one is evicted to its size',
          ),
        ]
      : [];
  },

  'nothing was evicted': ({ facts: { live } }) =>
    live && live.evictedKeys > 0
      ? [warn('Evicting', 'cache', `keys have been evicted since the server began: it has been too small`)]
      : [],

  'hit rate is good': ({ facts: { live } }) => {
    const rate = live && hitRate(live);
    return rate !== undefined && rate < hitRateMin
      ? [warn('FewHits', 'cache', `${rate} % of the reads hit; below ${hitRateMin} % the guide looks for a cause`)]
      : [];
  },

  'service goes on': ({ facts: { name } }) => [
    warn(
      'Retires',
      'cache',
      `Azure Cache for Redis ends on ${cacheRetirement}: ${name} will have to move to Azure Managed Redis (port 10000)`,
    ),
  ],
};

/** What the soak showed: hits and evictions since the change. */
export function settled(wanted: RedisScaleInput, before: CacheFacts, after: CacheFacts): Settlement {
  if (after.state !== 'Ready') return { problems: [], evidence: [], drifted: [`Azure says ${after.state}, not Ready`] };
  const traffic = trafficBetween(before.live, after.live);
  if (!traffic) return { problems: [], evidence: ['the server told nothing of hits and evictions'] };
  const [was, is] = [before.live && hitRate(before.live), hitRate(traffic)];
  const expectsLoss = wanted.acceptLoss?.evictions === true || wanted.acceptLoss?.everything === true;
  const evictedBefore = (before.live?.evictedKeys ?? 0) > 0;
  const problems = [
    ...(traffic.evictedKeys > 0 && !expectsLoss && !evictedBefore
      ? [`${traffic.evictedKeys} keys were evicted since the change, none before`]
      : []),
    ...(was !== undefined && is !== undefined && was - is > hitRateFallMax && !expectsLoss
      ? [`${is} % of the reads hit since the change, ${was} % before`]
      : []),
  ];
  const rate = is === undefined ? 'too few reads to tell a hit rate' : `${is} % of the reads hit`;
  return { problems, evidence: [`${rate}, ${traffic.evictedKeys} keys evicted since the change`] };
}
