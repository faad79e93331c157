/**
 * Goal: deployPgbouncer, pgbouncerCutover, databaseRestart and databaseReplace end in every outcome that they declare, and each is true of the API
 * server, of PgBouncer in every pod and of PostgreSQL behind it; what they change is what they planned.
 * Method: one lab with a cluster and the real worker, the cases one after the other on the one pooler of the topology.
 */
import { sharedCluster } from './support/cluster';
import { cutoverTests } from './poolers/cutover';
import { deployTests, rotationTests } from './poolers/deploy';
import { guardTests } from './poolers/guard';
import { pauseTests } from './poolers/pause';
import { upgradeTests } from './poolers/upgrade';
import { replaceTests } from './poolers/replace';
import { interruptedTests } from './poolers/replace-interrupted';
import { replacements } from './poolers/replacements';
import { restartTests } from './poolers/restart';

// A case takes 10 to 90 s; every wait in it has a shorter deadline of its own.
jest.setTimeout(480_000);

const theCluster = sharedCluster();

describe('deployPgbouncer', () => deployTests(theCluster));
describe('pgbouncerCutover', () => cutoverTests(theCluster));
describe('databaseSkuUpgrade behind the pooler', () => upgradeTests(theCluster));
describe('deployPgbouncer, again', () => rotationTests(theCluster));
describe('the guard of a pause', () => guardTests(theCluster));
describe('a pause', () => pauseTests(theCluster));
describe('databaseRestart', () => restartTests(theCluster));
// Last: from then on the topology's primary is closed.
describe('databaseReplace', () => {
  const given = replacements(theCluster);
  replaceTests(given);
  interruptedTests(given);
});
