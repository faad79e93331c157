/**
 * Goal: the seeded production is what runbooks need: it can be asked and changed under requests without a failure, it
 * scales by itself, its worker knows its names, every change is told, and it breaks where it is told to.
 * Method: kubectl, requests, and the faults' own interface, in one lab.
 */
import type { Lab } from '../../lab/lab';
import { accessTests } from './kubernetes/access';
import { auditTests } from './kubernetes/audit';
import { autoscalerTests } from './kubernetes/autoscaler';
import { labCommand, makeClusterLab } from './kubernetes/cluster-lab';
import { faultTests } from './kubernetes/faults';
import { nameTests } from './kubernetes/names';
import { trafficTests } from './kubernetes/traffic';

let lab: Lab;
const theLab = () => lab;

beforeAll(async () => {
  lab = await makeClusterLab({ worker: true });
}, 150_000);
afterAll(() => labCommand(lab.name, 'down'));

describe('asked', () => {
  accessTests(theLab);
  auditTests(theLab);
  nameTests(theLab);
});
describe('no request fails', () => trafficTests(theLab));
describe('by itself', () => autoscalerTests(theLab));
describe('broken on purpose', () => faultTests(theLab));
