import { key, stateOfServers, type Subject } from './subject';

/** As the primary's, but for its role. */
const replica = {
  ...{ 'ARM state': 'Ready', 'ARM sku': 'Standard_D4ds_v4', 'ARM tier': 'GeneralPurpose', 'ARM storage': '256' },
  ...{ 'ARM role': 'AsyncReplica', 'SQL in recovery': 'true', 'SQL waiting for a restart': '0' },
  ...{ 'SQL max_connections': '1718', 'SQL shared_buffers': '8192' },
  ...{ 'SQL work_mem': '4096', 'SQL random_page_cost': '4' },
};

export const createReadReplica: Subject = {
  runbook: 'createReadReplica',
  variants: [
    {
      name: 'without readers',
      before: ({ servers }) => servers.make(),
      input: ({ servers }) => ({
        ...{ source: servers.primary, replica: servers.replica(1), readers: [], lagWindowSeconds: 2 },
      }),
      changes: ({ servers }) =>
        Object.fromEntries(
          Object.entries(replica).map(([what, value]) => [key(servers, servers.replica(1), what), value]),
        ),
    },
  ],
  state: stateOfServers,
};
