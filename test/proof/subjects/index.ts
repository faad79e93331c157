/** Every runbook's subject, by the runbook's name: one line each. */
import { databaseSkuUpgrade } from './database-sku-upgrade';
import { scaleDeployment } from './scale-deployment';
import type { Subject } from './subject';

export const subjects: Record<string, Subject> = { databaseSkuUpgrade, scaleDeployment };
