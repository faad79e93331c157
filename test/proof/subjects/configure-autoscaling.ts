import { ofDeployment, stateOfDeployment } from './deployment';
import type { Subject } from './subject';

const wanted = { autoscaler: 'web', min: 3, max: 6, cpuPercent: 80 };
/** The runbook's defaults are the scaling guide's behaviour. */
const changes = {
  ...{ 'autoscaler min': '3', 'autoscaler max': '6', 'autoscaler metrics': 'cpu 80' },
  'autoscaler up': 'after 60 s, Percent 100 in 60 s, Pods 2 in 60 s',
  'autoscaler down': 'after 300 s, Percent 50 in 60 s',
};

export const configureAutoscaling: Subject = {
  runbook: 'configureAutoscaling',
  variants: [
    ofDeployment({
      ...{ name: 'changed', from: { replicas: 3, autoscaler: { min: 3, max: 10 } } },
      // By whom the one that is there was applied.
      to: { ...wanted, takeOver: ['lab'] },
      changes,
      competitors: {
        'another manager sets limits': ({ workload }) => workload.autoscaleByHand({ min: 4, max: 9 }),
        'HPA deleted': ({ workload }) => workload.deleteAutoscaler(),
      },
    }),
    ofDeployment({
      ...{ name: 'new', from: { replicas: 3 }, to: wanted, changes },
      competitors: { 'another manager makes an HPA': ({ workload }) => workload.autoscaleByHand({ min: 3, max: 9 }) },
    }),
  ],
  state: stateOfDeployment,
};
