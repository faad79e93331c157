/**
 * Goal: databaseSkuUpgrade ends in every outcome that it declares, and each is true of Azure, of PostgreSQL, of the lock and
 * of the rows that clients wrote.
 * Method: one lab with the real worker, a server of its own for each case, side by side; what Azure was sent is read from
 * its log, how a server runs is asked of itself. What disturbs everybody (a killed worker) comes last, alone.
 */
import { operatorTests } from './database-sku-upgrade/operator';
import { refusalTests } from './database-sku-upgrade/refused';
import { takenBackTests } from './database-sku-upgrade/taken-back';
import { underWritesTests } from './database-sku-upgrade/under-writes';
import { wholeWayTests } from './database-sku-upgrade/whole-way';
import { Upgrades } from './database-sku-upgrade/upgrades';

// A case takes 10 to 30 s; every wait in it has a shorter deadline of its own.
jest.setTimeout(480_000);

const upgrades = new Upgrades();

describe('a run that goes well', () => wholeWayTests(upgrades));
describe('a refusal: nothing is touched, and every reason is said at once', () => refusalTests(upgrades));
describe('a run that fails goes back by itself', () => takenBackTests(upgrades));
describe('an operator is needed: the run stays open, its lock held', () => operatorTests(upgrades));
describe("under the clients' writes: no acknowledged row is lost", () => underWritesTests(upgrades));
