import type { Topology } from '../catalogue';

export interface TopologyActivities {
  /** The topology that the worker read when it started. */
  readTopology(): Promise<Topology>;
}

export function createTopologyActivities(topology: Topology): TopologyActivities {
  return { readTopology: () => Promise.resolve(topology) };
}
