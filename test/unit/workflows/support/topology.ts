import { type Topology, topologySchema } from '../../../../catalogue';

/** A production with one deployment, broxiva-api, of which more can be said. */
export function topologyWith(more: object = {}): Topology {
  const deployment = { name: 'broxiva-api', replicas: { min: 3, max: 50 }, clientUrl: 'http://broxiva-api/' };
  return topologySchema.parse({
    environment: 'test',
    azure: { resourceGroup: 'group' },
    postgres: { primary: 'primary-1', database: 'broxiva', applicationRole: 'broxiva' },
    kubernetes: { namespace: 'broxiva-prod', deployments: [{ ...deployment, ...more }] },
    approval: {},
  });
}
