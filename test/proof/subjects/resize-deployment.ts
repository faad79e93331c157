import { sizeOf } from '../kubernetes/workload';
import { ofDeployment, stateOfDeployment } from './deployment';
import type { Subject, Variant } from './subject';

const larger = { requests: { cpu: '300m', memory: '128Mi' }, limits: { cpu: '1', memory: '384Mi' } };
const changes = { 'template size': sizeOf(larger), 'sizes of pods': sizeOf(larger) };
const byHand = { requests: { cpu: '250m', memory: '112Mi' }, limits: { cpu: '1', memory: '320Mi' } };
const competitors: Variant['competitors'] = {
  'another manager resizes': ({ workload }) => workload.resizeByHand(byHand),
};

export const resizeDeployment: Subject = {
  runbook: 'resizeDeployment',
  variants: [
    ofDeployment({ name: 'in place', from: { replicas: 2 }, to: larger, changes, competitors }),
    ofDeployment({
      ...{ name: 'by a rollout', from: { replicas: 2 }, to: { ...larger, way: 'rollout' }, changes, competitors },
    }),
  ],
  state: stateOfDeployment,
};
