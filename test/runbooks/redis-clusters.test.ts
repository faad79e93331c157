/**
 * Goal: redisClusterBootstrap and redisClusterReshard end in every outcome that they declare, and each is true of the API server and of
 * Redis in every pod; what they change is what they planned; no key is lost.
 * Method: one lab with a cluster and the real worker, the cases one after the other on the one Redis cluster of the topology.
 */
import { sharedCluster } from './support/cluster';
import { bootstrapTests } from './redis-clusters/bootstrap';
import { reshardTests } from './redis-clusters/reshard';
import { valkeyTests } from './redis-clusters/valkey';

// A case takes 10 to 60 s; every wait in it has a shorter deadline of its own.
jest.setTimeout(480_000);

const theCluster = sharedCluster();

describe('redisClusterBootstrap', () => bootstrapTests(theCluster));

// On the cluster that those have left.
describe('redisClusterReshard', () => reshardTests(theCluster));

// In its place.
describe('Valkey', () => valkeyTests(theCluster));
