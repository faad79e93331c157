import { stateOfDeployment } from './deployment';
import type { Subject } from './subject';

export const deployPgbouncer: Subject = {
  runbook: 'deployPgbouncer',
  variants: [
    {
      ...{ name: 'new', cluster: true },
      // Clients ask a Service beside it: nothing of theirs is touched.
      before: async ({ workload, pooler }) => {
        await pooler.remove();
        await workload.make({ replicas: 1 });
      },
      input: () => ({ poolSize: 20 }),
      troubles: ['a pod dies', 'a pod hangs', 'a pod has wrong credentials'],
      changes: () => ({
        'objects of the pooler': 'deployment, disruption budget, secret, service',
        'pool sizes of its pods': '20, 20',
      }),
    },
  ],
  state: async (place) => ({ ...(await stateOfDeployment(place)), ...(await place.pooler.state()) }),
};
