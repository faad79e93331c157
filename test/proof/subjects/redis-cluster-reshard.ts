import type { Place } from '../harness/place';
import { redisPodsInState, redisVolumesInState, type State, type Subject, type Variant } from './subject';

/** As every node says: the new master has the last slots of the others, and they have them back in other parts. */
const out = '0-4095; 4096-5460, 9557-10921, 15018-16383; 5461-9556; 10922-15017';
const back = '0-5460, 9557; 5461-9556, 9558-10921, 15018; 10922-15017, 15019-16383';
const said = (nodes: number, slots: string): State => ({
  'its nodes say': `ok, ${nodes} nodes, 0 moving: ${slots}`,
});

const isOut = { [redisPodsInState]: '8', [redisVolumesInState]: '8', ...said(8, out) };
/** Their claims stay. */
const isIn = { [redisPodsInState]: '6', ...said(6, back) };
const valkey = 'valkey/valkey:9';

function variant(name: string, from: number, to: number, changes: State, image?: string): Variant {
  return {
    ...{ name, cluster: true },
    before: ({ redisPods }: Place) => redisPods.make(from, image),
    input: () => ({ masters: to, lingerSeconds: 1 }),
    changes: () => changes,
  };
}

export const redisClusterReshard: Subject = {
  runbook: 'redisClusterReshard',
  variants: [
    variant('out', 3, 4, isOut),
    variant('in', 4, 3, isIn),
    // Its servers move slots by themselves.
    variant('out, Valkey', 3, 4, isOut, valkey),
    variant('in, Valkey', 4, 3, isIn, valkey),
  ],
  state: ({ redisPods }) => redisPods.layout(),
};
