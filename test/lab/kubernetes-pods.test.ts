/**
 * Goal: `lab up --kubernetes` gives a real control plane with three nodes, and pods that are real processes and have
 * Kubernetes' manners; `lab down` leaves nothing of it.
 * Method: kubectl and requests, in one lab; objects of each test's own where something is broken.
 */
import type { Lab } from '../../lab/lab';
import { labCommand, makeClusterLab } from './kubernetes/cluster-lab';
import { controlPlaneTests, endTests } from './kubernetes/control-plane';
import { podTests } from './kubernetes/pods';
import { poolerTests } from './kubernetes/pooler';
import { resourceTests } from './kubernetes/resources';

let lab: Lab;
const theLab = () => lab;

beforeAll(async () => {
  lab = await makeClusterLab({ worker: false });
}, 150_000);
afterAll(() => labCommand(lab.name, 'down'));

controlPlaneTests(theLab);
podTests(theLab);
resourceTests(theLab);
poolerTests(theLab);
describe('at the end', () => endTests(theLab));
