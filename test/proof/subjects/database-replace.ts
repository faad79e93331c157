import { key, type State, stateOfServers, type Subject } from './subject';
import type { Place } from '../harness/place';
import { production } from '../../../lab/lab';

const sizes = { small: 'Standard_D4ds_v4', large: 'Standard_D8ds_v4' };
const replacement = ({ servers }: Place) => servers.replica(1);

/** Who can log in: the old primary is closed, the new one is not. */
async function logins({ servers }: Place): Promise<State> {
  const told = await Promise.all(
    servers.names.map(async (server) => [
      key(servers, server, 'logs in'),
      await servers.letsIn(server, production.applicationRole),
    ]),
  );
  return Object.fromEntries(told) as State;
}

export const databaseReplace: Subject = {
  runbook: 'databaseReplace',
  variants: [
    {
      ...{ name: 'larger', cluster: true },
      before: (place) => place.goBehindOwnPooler({ sku: sizes.small }),
      pause: { asking: '"promoteMode"', server: 1 },
      troubles: [
        ...(['a pod appears', 'its pods are replaced', 'a pod dies', 'a pod hangs'] as const),
        ...(['a pod is not given the new file', 'a pod misses the reload', 'a pod has wrong credentials'] as const),
      ],
      input: (place) => ({
        ...{ server: place.servers.primary, replacement: replacement(place), sku: sizes.large, lagWindowSeconds: 2 },
        clientBudget: { failedRequests: 0, longestStallSeconds: 60 },
      }),
      changes: (place) => {
        const { servers } = place;
        const made = {
          ...{ 'ARM state': 'Ready', 'ARM sku': sizes.large, 'ARM tier': 'GeneralPurpose', 'ARM storage': '256' },
          ...{ 'ARM role': 'Primary', 'SQL in recovery': 'false', 'SQL waiting for a restart': '0' },
          ...{ 'SQL max_connections': '1718', 'SQL shared_buffers': '16384', 'logs in': 'true' },
          ...{ 'SQL work_mem': '4096', 'SQL random_page_cost': '4' },
        };
        const role = servers.roleOf(replacement(place));
        return {
          ...Object.fromEntries(
            Object.entries(made).map(([what, value]) => [key(servers, replacement(place), what), value]),
          ),
          [key(servers, servers.primary, 'logs in')]: 'false',
          ...{ 'pods of the pooler lead to': role, 'the URL leads to': role },
        };
      },
    },
  ],
  state: async (place) => ({
    ...{ ...(await stateOfServers(place)), ...(await logins(place)) },
    ...{ ...(await place.pooler.pauses()), ...(await place.pooler.leads(place.servers)) },
    ...(await place.pooler.rollouts()),
  }),
};
