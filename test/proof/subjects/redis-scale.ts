import type { CacheSku } from '../../../lab/azure/caches/record';
import type { Place } from '../harness/place';
import type { State, Subject, Variant } from './subject';

const premium = (capacity: number): CacheSku => ({ name: 'Premium', family: 'P', capacity });
/** Memory for data of a P1 with what Azure reserves, and of a P2 with 3,000 MB reserved; the lab's memory is a 64th. */
const bytes = (megabytes: number) => String(Math.floor((megabytes * 1024 * 1024) / 64));

function variant(name: string, from: CacheSku, input: object, changes: State): Variant {
  return {
    name,
    before: ({ caches }: Place) => caches.make({ sku: from }),
    input: ({ caches }) => ({ cache: caches.name, ...input }),
    changes: () => changes,
  };
}

export const redisScale: Subject = {
  runbook: 'redisScale',
  variants: [
    variant(
      'up, with reserved memory',
      premium(1),
      { size: 'P2', maxmemoryReservedMb: 3000 },
      {
        ...{ 'ARM size': 'Premium P2', 'ARM reserved': '3000 + 1391' },
        'Redis maxmemory': bytes(13 * 1024 - 3000 - 1391),
      },
    ),
    variant(
      'to Premium',
      { name: 'Standard', family: 'C', capacity: 3 },
      { tier: 'Premium', size: 'P3', maxmemoryReservedMb: 3000 },
      {
        ...{ 'ARM size': 'Premium P3', 'ARM reserved': '3000 + 2782' },
        'Redis maxmemory': bytes(26 * 1024 - 3000 - 2782),
      },
    ),
  ],
  state: ({ caches }) => caches.state(),
};
