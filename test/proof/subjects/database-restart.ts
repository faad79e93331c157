import type { PrimaryWish } from '../harness/servers';
import { key, stateOfServers, type Subject, type Variant } from './subject';

/** One that waits for the restart, and one that does not. */
const parameters = { max_connections: 1700, work_mem: 8192 };

const variant = (name: string, from: PrimaryWish): Variant => ({
  name,
  before: ({ servers }) => servers.make(from),
  input: ({ servers }) => ({ server: servers.primary, parameters }),
  changes: ({ servers }) => ({
    [key(servers, servers.primary, 'SQL max_connections')]: '1700',
    [key(servers, servers.primary, 'SQL work_mem')]: '8192',
  }),
});

const behindPooler: Variant = {
  ...{ name: 'behind a pooler', cluster: true },
  before: (place) => place.goBehindPooler(),
  pause: { asking: '/restart', server: 0 },
  troubles: ['a pod appears', 'a pod hangs', 'a pod dies', 'a pod has wrong credentials'],
  input: ({ servers }) => ({ server: servers.primary, restart: true }),
  // When it was started is all that is different.
  changes: () => ({}),
};

export const databaseRestart: Subject = {
  runbook: 'databaseRestart',
  variants: [behindPooler, variant('two parameters', {}), variant('two parameters, one replica', { replicas: 1 })],
  state: async (place) => ({
    ...(await stateOfServers(place)),
    ...(place.isBehindPooler ? await place.pooler.pauses() : {}),
  }),
};
