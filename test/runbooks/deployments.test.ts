/**
 * Goal: the runbooks for deployments end in every outcome that they declare, and each is true of the API server, of the
 * pods, of PostgreSQL and of Redis; what they change is what they planned; clients notice nothing.
 * Method: one lab with a cluster and the real worker, side by side a deployment for each case; what a run has changed is read
 * from the API server's audit log. What disturbs everybody (a killed worker, an API server that is down) comes last, alone.
 */
import { sharedCluster } from './support/cluster';
import { autoscaledDeployments, autoscalingTests } from './deployments/autoscaling';
import { disturbanceTests, disturbedDeployments } from './deployments/disturbed';
import { resizedDeployments, resizingTests } from './deployments/resizing';
import { scalingDeployments, scalingTests } from './deployments/scaling';
import { failingDeployments, failureTests } from './deployments/scaling-failed';
import { refusalTests, refusedDeployments } from './deployments/scaling-refused';
import { requestTests } from './deployments/under-requests';

// A case takes 5 to 60 s; every wait in it has a shorter deadline of its own.
jest.setTimeout(480_000);

const theCluster = sharedCluster([
  ...scalingDeployments,
  ...failingDeployments,
  ...refusedDeployments,
  ...resizedDeployments,
  ...autoscaledDeployments,
  ...disturbedDeployments,
]);

describe('clients notice nothing', () => requestTests(theCluster));
describe('scaleDeployment', () => {
  describe('goes well', () => scalingTests(theCluster));
  describe('fails', () => failureTests(theCluster));
  describe('refuses', () => refusalTests(theCluster));
});
describe('resizeDeployment', () => resizingTests(theCluster));
describe('configureAutoscaling', () => autoscalingTests(theCluster));
describe('disturbed', () => disturbanceTests(theCluster));
