/**
 * createReadReplica: one more read replica of a PostgreSQL flexible server, and the deployments that read from it.
 *
 * 1. The replica, by Azure; verified as a streaming copy of that very primary, which refuses writes.
 * 2. It keeps up: no sample of a window more than 1 MiB behind, under markers written on the primary. One that is there already
 *    is adopted: verified and watched likewise before anybody is led to it.
 * 3. For each reader its address, in a Secret; then the readers, each by a rolling update, until its own sessions read there.
 *
 * Going back: readers first, then the address, then the replica, only if this run made it and nobody else is on it.
 *
 * Out of scope: promotion, virtual endpoints, replicas of another size than the primary's.
 */
import type { ClientPath } from '../../activities/clients/contract';
import type { Since } from '../../activities/deployments/contract';
import type {
  ReaderBefore,
  ReaderFacts,
  ReplicaActivities,
  ReplicaFacts,
  ReplicaIdentity,
} from '../../activities/replicas/contract';
import type { CreateReadReplicaInput } from '../../catalogue';
import { createReadReplicaInput, runbooks, targetOf } from '../../catalogue';
import { clientsOf, deploymentTarget } from '../deployments';
import { carryRules, ruleSeconds, verifyRules } from '../firewall-rules';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { findings, settled } from './decisions';

const read = reads<ReplicaActivities>();
const act = changes<ReplicaActivities>();
const check = verifications<ReplicaActivities>();

export const definition: Runbook<CreateReadReplicaInput, ReplicaFacts> = {
  name: 'createReadReplica',
  title: runbooks['createReadReplica']!.title,
  input: createReadReplicaInput,
  subject: ({ replica, source }, topology) => `${replica} of ${source ?? topology.postgres.primary}`,
  preflight: ({ replica, source, readers, location }, topology) =>
    read('preflight · read the primary, its replicas, the readers').inspectReplica({
      ...{ source: source ?? topology.postgres.primary, replica, readers, location },
    }),
  targets: (wanted, facts) => [
    ...[facts.database.primary.name, wanted.replica].map((server) => targetOf('postgres', server)),
    ...facts.readers.flatMap((reader) => [secretOf(facts, reader), deploymentOf(facts, reader)]),
  ],
  findings,
  steps: (wanted, facts) => {
    const { readers, existing } = facts;
    const routing = [
      ...readers.filter(({ host }) => host === undefined).map((reader) => publish(wanted, facts, reader)),
      ...readers.filter(({ wired }) => !wired).map((reader) => wire(wanted, facts, reader)),
    ];
    return existing ? watchedFirst(wanted, facts, routing) : [create(wanted, facts), ...routing];
  },
  clients: (_wanted, { database, readers }, topology) => {
    const primary: ClientPath = { kind: 'postgres', server: database.primary.name };
    const ofReaders = readers.flatMap(
      ({ deployment, clientsAnswer }) => clientsOf(deployment, clientsAnswer, topology) ?? [],
    );
    return ofReaders.length > 0 ? { kind: 'every', paths: [primary, ...ofReaders] } : primary;
  },
  settled,
};

export const createReadReplica = runbook(definition);

/** Every step leaves clients alone, and so does taking it back. */
const calm = { reversibility: 'reversible' as const, undoDisturbsClients: false, impact: 'nothing' };

function create(
  wanted: CreateReadReplicaInput,
  { database: { primary }, firewallRules: rules = [] }: ReplicaFacts,
): AnyStep {
  const { replica, location, timing, lagWindowSeconds: windowSeconds } = wanted;
  const [name, identity] = [`create ${replica}`, { source: primary.name, replica }];
  const deadlineSeconds = timing.operationTimeoutSeconds;
  return change<boolean, Since & { exists: boolean }>({
    ...{ name, resource: targetOf('postgres', replica), from: false, to: true, ...calm },
    // The base backup takes its time: some minutes, and more with the size of the data.
    expectedSeconds: 600 + ruleSeconds * rules.length + windowSeconds,
    detail: `${primary.sku}, ${primary.storageGb} GiB in ${location ?? primary.location}; then ${windowSeconds} s under watch`,
    show: (exists) => (exists ? `replica of ${primary.name}` : 'absent'),
    read: () => read(`${name} · look for it`).readReplica(identity),
    valueOf: ({ exists }) => exists,
    set: async (exists, way) => {
      if (!exists) {
        const undo = way === 'back';
        return act(`${name} · delete it`, timing).deleteReplica({ ...identity, deadlineSeconds, undo });
      }
      const there = location ? { location } : {};
      await act(`${name} · ask Azure for it`, timing).createReplica({ ...identity, deadlineSeconds, ...there });
      await carryRules(name, { ...identity, rules }, timing);
    },
    check: async (exists) => {
      if (!exists) return check(`${name} · verify that it is gone`, timing).verifyNoReplica(identity);
      const reached = await verifyRules(name, { ...identity, rules }, timing);
      return reached + (await watch(name, wanted, identity));
    },
  });
}

/** The evidence that a replica may be read from. */
async function watch(step: string, wanted: CreateReadReplicaInput, identity: ReplicaIdentity): Promise<string> {
  const { timing, lagWindowSeconds: windowSeconds } = wanted;
  const state = await check(`${step} · verify that it replicates`, timing).verifyReplica(identity);
  const lag = await act(`${step} · watch its lag for ${windowSeconds} s`, timing).verifyLag({
    ...{ ...identity, windowSeconds, deadlineSeconds: timing.verificationTimeoutSeconds + windowSeconds },
  });
  return `${state}; ${lag}`;
}

/** A replica that was there already has not been seen to keep up: before the first reader is led to it, it is watched. */
function watchedFirst(
  wanted: CreateReadReplicaInput,
  { database }: ReplicaFacts,
  [first, ...others]: AnyStep[],
): AnyStep[] {
  if (!first) return [];
  const { replica, lagWindowSeconds } = wanted;
  return [
    {
      ...first,
      expectedSeconds: (first.expectedSeconds ?? 0) + lagWindowSeconds,
      detail: [`first ${lagWindowSeconds} s of ${replica} under watch`, first.detail].filter(Boolean).join('; then '),
      apply: async (before) => {
        await watch(first.name, wanted, { source: database.primary.name, replica });
        return first.apply(before);
      },
    },
    ...others,
  ];
}

function publish({ replica, timing }: CreateReadReplicaInput, facts: ReplicaFacts, reader: ReaderFacts): AnyStep {
  const { deployment, secret, key, primaryKey } = reader;
  const name = `publish address of ${replica} for ${deployment}`;
  const publication = { source: facts.database.primary.name, replica, deployment, secret, key };
  return change<boolean, Since & { host?: string }>({
    ...{ name, resource: secretOf(facts, reader), from: false, to: true, ...calm, expectedSeconds: 5 },
    show: (there) => (there ? `${key} leads to ${replica}` : `no ${key}`),
    read: () => read(`${name} · read ${key}`).readAddress({ secret, key }),
    valueOf: ({ host }) => host !== undefined,
    set: (there) =>
      act(`${name} · ${there ? 'write' : 'remove'} ${key}`, timing).changeAddress({
        ...{ ...publication, primaryKey, there, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (there) => check(`${name} · verify`, timing).verifyAddress({ ...publication, there }),
  });
}

function wire({ replica, timing }: CreateReadReplicaInput, facts: ReplicaFacts, reader: ReaderFacts): AnyStep {
  const { deployment, variable, secret, key } = reader;
  const name = `wire ${deployment}`;
  const identity = { source: facts.database.primary.name, replica };
  return change<string | undefined, ReaderBefore>({
    ...{ name, resource: deploymentOf(facts, reader), from: undefined, to: `${secret}/${key}`, ...calm },
    ...{ expectedSeconds: 120, detail: 'a rolling update: every pod is replaced' },
    show: (reference) => (reference ? `${variable} from ${reference}` : `no ${variable}`),
    read: () => read(`${name} · read its template`).readReader({ ...identity, deployment, variable }),
    valueOf: ({ reference }) => reference,
    set: (to, _way, from) =>
      act(`${name} · ${to ? 'set' : 'remove'} ${variable}`, timing).changeReader({
        ...{ deployment, variable, from, to, deadlineSeconds: timing.operationTimeoutSeconds },
      }),
    check: (reference, since) =>
      check(`${name} · verify where it reads`, timing).verifyReader({
        ...identity,
        deployment,
        variable,
        reference,
        since,
      }),
  });
}

function secretOf({ namespace }: ReplicaFacts, { secret }: ReaderFacts): string {
  return targetOf('secret', `${namespace}.${secret}`);
}

function deploymentOf({ namespace = '' }: ReplicaFacts, { deployment }: ReaderFacts): string {
  return deploymentTarget(namespace, deployment);
}
