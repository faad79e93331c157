import type { Place } from '../harness/place';
import { api } from '../kubernetes/manifests';
import { key, type State, stateOfServers, type Subject } from './subject';

/** As the primary's, but for its role. */
const replica = {
  ...{ 'ARM state': 'Ready', 'ARM sku': 'Standard_D4ds_v4', 'ARM tier': 'GeneralPurpose', 'ARM storage': '256' },
  ...{ 'ARM role': 'AsyncReplica', 'SQL in recovery': 'true', 'SQL waiting for a restart': '0' },
  ...{ 'SQL max_connections': '1718', 'SQL shared_buffers': '8192' },
  ...{ 'SQL work_mem': '4096', 'SQL random_page_cost': '4' },
};
const { secret, readKey } = api.database;

const input = ({ servers }: Place) => ({ source: servers.primary, replica: servers.replica(1), lagWindowSeconds: 2 });
const made = ({ servers }: Place): State =>
  Object.fromEntries(Object.entries(replica).map(([what, value]) => [key(servers, servers.replica(1), what), value]));

export const createReadReplica: Subject = {
  runbook: 'createReadReplica',
  variants: [
    {
      name: 'without readers',
      before: ({ servers }) => servers.make(),
      input: (place) => ({ ...input(place), readers: [] }),
      changes: made,
    },
    {
      ...{ name: 'with readers', cluster: true },
      before: async ({ servers, reader }) => {
        await servers.make();
        await reader.make();
      },
      input: (place) => ({ ...input(place), readers: [place.reader.deployment] }),
      changes: (place) => ({
        ...made(place),
        [`secret ${readKey}`]: `${place.servers.roleOf(place.servers.replica(1))} as ${place.reader.deployment}`,
        'reads by': `${secret}/${readKey}`,
      }),
      competitors: {
        'another address is published': ({ reader }) => reader.publishByHand(),
        'the variable is set by hand': ({ reader }) => reader.wireByHand(),
      },
    },
  ],
  state: async (place) => ({ ...(await stateOfServers(place)), ...(place.made ? await place.reader.state() : {}) }),
};
