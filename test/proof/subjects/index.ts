/** Every runbook's subject, by the runbook's name: one line each. */
import { configureAutoscaling } from './configure-autoscaling';
import { createReadReplica } from './create-read-replica';
import { redisClusterBootstrap } from './redis-cluster-bootstrap';
import { databaseReplace } from './database-replace';
import { databaseRestart } from './database-restart';
import { databaseSkuUpgrade } from './database-sku-upgrade';
import { deployPgbouncer } from './deploy-pgbouncer';
import { pgbouncerCutover } from './pgbouncer-cutover';
import { redisClusterReshard } from './redis-cluster-reshard';
import { redisScale } from './redis-scale';
import { resizeDeployment } from './resize-deployment';
import { scaleDeployment } from './scale-deployment';
import type { Subject } from './subject';

export const subjects: Record<string, Subject> = {
  ...{ databaseSkuUpgrade, scaleDeployment, resizeDeployment, configureAutoscaling, createReadReplica },
  ...{ databaseReplace, databaseRestart, redisScale, deployPgbouncer, pgbouncerCutover, redisClusterBootstrap },
  ...{ redisClusterReshard },
};
