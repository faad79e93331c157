import type { Place } from '../harness/place';
import type { State, Subject, Variant } from './subject';

/** As every node says: the new master has the last slots of the others, and they have them back in other parts. */
const out = '0-4095; 4096-5460, 9557-10921, 15018-16383; 5461-9556; 10922-15017';
const back = '0-5460, 9557; 5461-9556, 9558-10921, 15018; 10922-15017, 15019-16383';
const said = (nodes: number, slots: string): State => ({
  'its nodes say': `ok, ${nodes} nodes, 0 moving: ${slots}`,
});

function variant(name: string, from: number, to: number, changes: State): Variant {
  return {
    ...{ name, cluster: true },
    before: ({ redisPods }: Place) => redisPods.make(from),
    input: () => ({ masters: to, lingerSeconds: 1 }),
    changes: () => changes,
  };
}

export const redisClusterReshard: Subject = {
  runbook: 'redisClusterReshard',
  variants: [
    variant('out', 3, 4, {
      ...{ 'pods of the Redis cluster': '8', 'volumes of the Redis cluster': '8' },
      ...said(8, out),
    }),
    // Their claims stay.
    variant('in', 4, 3, { 'pods of the Redis cluster': '6', ...said(6, back) }),
  ],
  state: ({ redisPods }) => redisPods.layout(),
};
