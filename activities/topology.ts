/** What workflows must know of the production: names and policies, read by the worker when it starts. */
import type { Topology } from '../catalogue';

export interface TopologyActivities {
  readTopology(): Promise<Topology>;
}

export function createTopologyActivities({ topology }: { topology: Topology }): TopologyActivities {
  return { readTopology: () => Promise.resolve(topology) };
}
