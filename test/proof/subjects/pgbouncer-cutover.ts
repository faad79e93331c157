import { stateOfDeployment } from './deployment';
import type { Subject } from './subject';

export const pgbouncerCutover: Subject = {
  runbook: 'pgbouncerCutover',
  variants: [
    {
      ...{ name: 'without an autoscaler', cluster: true },
      before: async ({ workload, pooler }) => {
        await workload.unwire();
        await Promise.all([pooler.make(), workload.make({ replicas: 2 })]);
      },
      input: ({ workload }) => ({
        ...{ deployment: workload.deployment, canarySeconds: 5, watchSeconds: 2 },
        clientBudget: { failedRequests: 0, longestStallSeconds: 15 },
      }),
      troubles: ['a pod dies', 'a pod hangs', 'a pod has wrong credentials'],
      competitors: {
        'another address is published': ({ workload }) => workload.publishByHand(),
        'the variable is set by hand': ({ workload }) => workload.wireByHand(),
      },
      changes: () => ({ 'URL from': 'DATABASE_POOLED_URL', 'keys beside DATABASE_URL': 'DATABASE_POOLED_URL' }),
    },
  ],
  state: async (place) => ({
    ...{ ...(await stateOfDeployment(place)), ...(await place.workload.way()), ...(await place.pooler.state()) },
  }),
};
