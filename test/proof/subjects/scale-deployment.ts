import { ofDeployment, stateOfDeployment } from './deployment';
import type { Subject, Variant } from './subject';

const pods = (count: number) => ({ replicas: String(count), 'pods ready': String(count) });
const scales = (count: number): NonNullable<Variant['competitors']> => ({
  'another manager scales': ({ workload }) => workload.scaleByHand(count),
});
const autoscaler = { min: 3, max: 10 };

export const scaleDeployment: Subject = {
  runbook: 'scaleDeployment',
  variants: [
    ofDeployment({
      ...{ name: 'out', from: { replicas: 2 }, to: { replicas: 4 }, changes: pods(4) },
      competitors: scales(3),
    }),
    ofDeployment({
      ...{ name: 'out, with an HPA', from: { replicas: 3, autoscaler }, to: { replicas: 5 } },
      changes: { 'autoscaler min': '5' },
      competitors: { ...scales(4), 'HPA deleted': ({ workload }) => workload.deleteAutoscaler() },
    }),
    ofDeployment({
      ...{ name: 'down', from: { replicas: 4 }, to: { replicas: 2 }, changes: pods(2) },
      competitors: scales(3),
    }),
    ofDeployment({
      ...{ name: 'out, smaller pools', from: { replicas: 2 }, to: { replicas: 4, poolSize: 15 } },
      changes: { ...pods(4), 'pool size': '15' },
      competitors: scales(3),
    }),
  ],
  state: stateOfDeployment,
};
