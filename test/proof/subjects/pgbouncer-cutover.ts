import type { WorkloadWish } from '../kubernetes/manifests';
import { stateOfDeployment } from './deployment';
import type { Subject, Variant } from './subject';

const autoscaler = { min: 2, max: 4 };

export const pgbouncerCutover: Subject = {
  runbook: 'pgbouncerCutover',
  variants: [
    ofPath('without an autoscaler', { replicas: 2 }),
    // Pinned for as long as one pod is compared with its siblings, and let go.
    ofPath('with an autoscaler', { replicas: 2, autoscaler }),
  ],
  state: async ({ shop, pooler }) => ({
    ...{ ...(await stateOfDeployment({ workload: shop })), ...(await shop.way()), ...(await pooler.state()) },
  }),
};

function ofPath(name: string, from: WorkloadWish): Variant {
  return {
    ...{ name, cluster: true },
    // Its pods take the URL that is there when they start.
    before: async ({ shop, pooler }) => {
      await pooler.make();
      await shop.unpublish();
      await shop.remake(from);
    },
    input: ({ shop }) => ({
      ...{ deployment: shop.deployment, canarySeconds: 8, watchSeconds: 2 },
      clientBudget: { failedRequests: 0, longestStallSeconds: 15 },
    }),
    troubles: ['a pod dies', 'a pod hangs', 'a pod has wrong credentials'],
    competitors: {
      'another address is published': ({ shop }) => shop.publishByHand(),
      'the variable is set by hand': ({ shop }) => shop.wireByHand(),
    },
    changes: () => ({ 'URL from': 'DATABASE_POOLED_URL', 'keys beside DATABASE_URL': 'DATABASE_POOLED_URL' }),
  };
}
