/** The activities of the runbooks for deployments. */
import { azureProblem } from '../azure/failures';
import { asFailures } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { postgresProblem } from '../postgres/failures';
import { createAutoscalingActivities } from './autoscaling';
import type { DeploymentActivities } from './contract';
import type { DeploymentDependencies } from './dependencies';
import { createResizingActivities } from './resizing';
import { createScalingActivities } from './scaling';

export function createDeploymentActivities(use: DeploymentDependencies): DeploymentActivities {
  const activities = {
    ...createScalingActivities(use),
    ...createResizingActivities(use),
    ...createAutoscalingActivities(use),
  };
  return asFailures(activities, [kubernetesProblem, azureProblem, postgresProblem]);
}
