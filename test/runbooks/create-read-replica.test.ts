/**
 * Goal: createReadReplica ends in every outcome that it declares, and each is true of Azure, of both servers, of the Secret and
 * of the pods; nobody is led to a replica that is not one; clients notice nothing.
 * Method: one lab with a cluster and the real worker; side by side a primary and a reader for each case. What a run has changed
 * is read from Azure's and the API server's own logs, where reads arrive from the replica's own statistics.
 */
import { adoptionTests, adoptingReaders } from './create-read-replica/adopted';
import { refusalTests, refusedReaders } from './create-read-replica/refused';
import { takenBackReaders, takenBackTests } from './create-read-replica/taken-back';
import { unfitReaders, unfitTests } from './create-read-replica/unfit';
import { wholeWayTests } from './create-read-replica/whole-way';
import { sharedCluster } from './support/cluster';
import { reader } from './support/reader';

// A case takes 20 to 90 s beside the others; every wait in it has a shorter deadline of its own.
jest.setTimeout(480_000);

const readers = [...adoptingReaders, ...refusedReaders, ...unfitReaders, ...takenBackReaders];
const theCluster = sharedCluster(readers.map(reader));

describe('with readers', () => wholeWayTests(theCluster));
describe('a replica that is there already', () => adoptionTests(theCluster));
describe('refuses', () => refusalTests(theCluster));
describe('a replica that is unfit', () => unfitTests(theCluster));
describe('goes back', () => takenBackTests(theCluster));
