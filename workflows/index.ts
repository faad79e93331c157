/** What Temporal can start: the runbooks by the names of the catalogue, and the lock. */
export { configureAutoscaling } from './configure-autoscaling/workflow';
export { createReadReplica } from './create-read-replica/workflow';
export { databaseReplace } from './database-replace/workflow';
export { databaseRestart } from './database-restart/workflow';
export { databaseSkuUpgrade } from './database-sku-upgrade/workflow';
export { deployPgbouncer } from './deploy-pgbouncer/workflow';
export { pgbouncerCutover } from './pgbouncer-cutover/workflow';
export { redisClusterBootstrap } from './redis-cluster-bootstrap/workflow';
export { redisClusterReshard } from './redis-cluster-reshard/workflow';
export { redisScale } from './redis-scale/workflow';
export { resizeDeployment } from './resize-deployment/workflow';
export { scaleDeployment } from './scale-deployment/workflow';
export { target } from './target/target';
