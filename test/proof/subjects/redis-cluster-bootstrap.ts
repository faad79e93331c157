import { stateOfDeployment } from './deployment';
import { redisVolumesInState, type Subject } from './subject';

export const redisClusterBootstrap: Subject = {
  runbook: 'redisClusterBootstrap',
  variants: [
    {
      name: 'new',
      cluster: true,
      // Clients ask a Service beside it: nothing of theirs is touched.
      before: async ({ workload, redisPods }) => {
        await redisPods.remove();
        await workload.make({ replicas: 1 });
      },
      input: () => ({ maxMemoryMegabytes: 48, storageGigabytes: 1 }),
      changes: () => ({
        'objects of the Redis cluster': 'configuration, disruption budget, secret, service, stateful set',
        [redisVolumesInState]: '6',
        'its nodes say': Array.from({ length: 6 }, () => 'ok, 0 keys').join(', '),
      }),
    },
  ],
  state: async (place) => ({ ...(await stateOfDeployment(place)), ...(await place.redisPods.state()) }),
};
