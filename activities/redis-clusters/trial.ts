/**
 * Tries a cluster that is formed.
 *
 * 1. A marker on each master, copied to its replicas, is read through a client of the cluster.
 * 2. Where that was asked for and nobody else has a key in it: one master's pod is killed. Within the limit every node says
 *    again that all is well, without any help, and no marker is lost.
 * 3. The markers are removed.
 *
 * Which pod was to be killed is noted in the cluster before it is, until the step is verified: a worker that comes back kills no
 * other one, and none again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisClusterTopology } from '../../catalogue';
import type { Alive } from '../alive';
import { failure } from '../failures';
import type { Kubernetes } from '../kubernetes/kubernetes';
import type { ClusterNodes } from '../redis/cluster/client';
import { decide } from '../redis/cluster/convergence';
import { type Markers, withMarkers } from '../redis/cluster/markers';
import type { RedisClusterSettings } from './contract';
import { readAll } from './formation';
import { readMembers, readPods } from './members';

export interface Trial {
  kubernetes: Kubernetes;
  cluster: RedisClusterTopology;
  settings: RedisClusterSettings;
  password: string;
  nodes: ClusterNodes;
  alive: Alive;
  loseMaster: boolean;
  recoveryLimitSeconds: number;
}

const pauseMs = 200;

/** Answers with what was seen. */
export async function tryCluster(trial: Trial): Promise<string> {
  const { settings, loseMaster } = trial;
  trial.alive.assertAwake();
  return onMarkers(trial, async (markers) => {
    const keys = await markers.write(settings.replicasPerMaster);
    const said = [`${keys.length} markers written, copied and read`];
    const missing = await markers.missing(keys);
    if (missing.length > 0) throw failure('NotVerified', `not read as it was written: ${missing.join(', ')}`);
    const others = await markers.countOthers();
    if (loseMaster && others === 0) said.push(await lose(trial, markers, keys));
    if (loseMaster && others > 0) said.push(`${others} keys of others are in it: no pod was killed`);
    // By a client of now: the former one may hold on to a node that is gone.
    await onMarkers(trial, (now) => now.remove());
    return said.join('; ');
  });
}

/** When nobody will try it again. */
export function forgetTrial(
  trial: Pick<Trial, 'kubernetes' | 'cluster' | 'settings' | 'password'>,
  run: string,
): Promise<void> {
  return onMarkersOf(trial, run, (markers) => markers.removeNote());
}

function onMarkers<T>(trial: Trial, use: (markers: Markers) => Promise<T>): Promise<T> {
  return onMarkersOf(trial, trial.alive.identity.correlationId, use);
}

async function onMarkersOf<T>(
  { kubernetes, cluster, settings, password }: Pick<Trial, 'kubernetes' | 'cluster' | 'settings' | 'password'>,
  run: string,
  use: (markers: Markers) => Promise<T>,
): Promise<T> {
  return withMarkers(await readMembers(kubernetes, cluster, settings.nodes), password, run, use);
}

async function lose(trial: Trial, markers: Markers, keys: string[]): Promise<string> {
  const { kubernetes, cluster, alive } = trial;
  const noted = await markers.note();
  const victim = noted === undefined ? await chooseMaster(trial) : victimOf(noted);
  if (noted === undefined) await markers.note(`${victim.name} ${victim.uid}`);
  const now = (await readPods(kubernetes, cluster)).find(({ name }) => name === victim.name);
  const began = Date.now();
  const isThere = now?.uid === victim.uid;
  if (isThere) {
    alive.assertAwake();
    await kubernetes.killPod(victim, alive.identity);
  }
  await recovered(trial, victim, began);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  // Killed by an attempt before this one, whose worker died: since when, nobody knows.
  const after = isThere ? ` after ${seconds} s` : '';
  const lost = await onMarkers(trial, (later) => later.missing(keys));
  if (lost.length > 0) throw failure('DataLost', `after the loss of ${victim.name}: ${lost.join(', ')}`);
  return `${victim.name}, a master, was killed: whole again${after}, no marker lost`;
}

interface Victim {
  name: string;
  uid: string;
}

async function chooseMaster({ kubernetes, cluster, settings, nodes }: Trial): Promise<Victim> {
  const seen = await readAll(nodes, await readMembers(kubernetes, cluster, settings.nodes));
  const master = seen.find(
    (one) => 'view' in one && one.view.known.some(({ flags }) => flags.includes('myself') && flags.includes('master')),
  );
  const pod = (await readPods(kubernetes, cluster)).find(({ name }) => name === master?.member.pod);
  if (pod) return { name: pod.name, uid: pod.uid };
  throw failure('NotVerified', 'no master was found to be killed');
}

function victimOf(note: string): Victim {
  const [name = '', uid = ''] = note.split(' ');
  return { name, uid };
}

async function recovered(trial: Trial, victim: Victim, began: number): Promise<void> {
  const { kubernetes, cluster, settings, nodes, recoveryLimitSeconds } = trial;
  const whole = async (): Promise<string | undefined> => {
    const pod = (await readPods(kubernetes, cluster)).find(({ name }) => name === victim.name);
    if (!pod || pod.uid === victim.uid || !pod.ready) return `${victim.name} is not back`;
    const members = await readMembers(kubernetes, cluster, settings.nodes).catch((error: Error) => error.message);
    if (typeof members === 'string') return members;
    const decision = decide(await readAll(nodes, members), { replicasPerMaster: settings.replicasPerMaster });
    if (decision.answer === 'formed') return undefined;
    return decision.answer === 'act' ? 'nodes have lost each other' : decision.reason;
  };
  for (;;) {
    const missing = await whole();
    if (missing === undefined) return;
    trial.alive.assertAwake();
    if (Date.now() > began + recoveryLimitSeconds * 1000) {
      throw failure(
        'ClusterNotFormed',
        `${recoveryLimitSeconds} s after ${victim.name} was killed it is not whole again: ${missing}`,
      );
    }
    await sleep(pauseMs);
  }
}
