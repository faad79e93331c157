/** What runs of createReadReplica did, in Azure's words and in both systems' order. */
import type { Cluster } from './cluster';
import { inWords, isAccepted, mutationsOf } from './mutations';
import type { Production } from './production';
import type { Run } from './run';

/** What Azure has accepted of a run, in words and in order. */
export async function acceptedBy({ workflowId }: Run, production: Production): Promise<string[]> {
  return mutationsOf(await production.requests(), workflowId)
    .filter(isAccepted)
    .map(inWords);
}

/** What both Azure and the cluster have accepted, in order of time. */
export async function changesOf({ workflowId }: Run, cluster: Cluster): Promise<string[]> {
  const ofAzure = mutationsOf(await cluster.production.requests(), workflowId)
    .filter(isAccepted)
    .map((request) => ({ at: request.at, words: inWords(request) }));
  return [...ofAzure, ...cluster.changes(workflowId)]
    .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
    .map(({ words }) => words);
}
