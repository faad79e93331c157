/** The activities of databaseRestart: contract.ts says what each does. */
import { CancelledFailure } from '@temporalio/common';
import { Context } from '@temporalio/activity';
import { differing, valueToRestore } from '../../catalogue';
import type { Alive } from '../alive';
import type { Change, Circumstances } from '../azure/change';
import { azureProblem } from '../azure/failures';
import { asResources, type FlexibleServer } from '../azure/flexible-servers';
import { makeChanges } from '../azure/long-operation';
import { withCircumstances } from '../azure/circumstances';
import { parameterChange } from '../database/changes';
import { judgeReplica } from '../database/judgement';
import { onServer } from '../database/sql';
import { asFailures, failure, neverSent } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { readLease } from '../pgbouncer/lease';
import type { Client } from '../postgres/connection';
import { postgresProblem } from '../postgres/failures';
import { readReplicaState, readSettings, readWalPosition } from '../postgres/reads';
import { asApplication } from './application';
import { claimOf } from './claim';
import type { ParametersChange, RestartActivities, Values } from './contract';
import type { RestartDependencies } from './dependencies';
import { inspectRestart } from './inspection';
import { findPool, isPodPaused, passPod, pausable } from './pool';
import { Shield } from './shield';

const defaultSettleMs = 3000;
/** A server that is just being restarted may not even refuse. */
const limits = { connectMs: 1000, statementMs: 2000 };
const restartName = 'restart';

export function createRestartActivities(use: RestartDependencies): RestartActivities {
  const { servers, settleMs = defaultSettleMs } = use;

  const activities: RestartActivities = {
    inspectRestart: (request) => inspectRestart(request, use),

    async readParameterValues({ server: name, parameters }) {
      const server = await servers.readServer(name);
      const [configured, { settings, startedAt }] = await Promise.all([
        Promise.all(parameters.map((parameter) => servers.readParameter(name, parameter))),
        onServer(server, 'admin', use, (client) => readSettings(client, parameters)),
      ]);
      const values = configured.map((one) => [one.name, valueToRestore(one.name, settings[one.name], one.value)]);
      return { values: Object.fromEntries(values) as Values, startedAt };
    },

    changeParameters: (request) => {
      const { deadlineSeconds, undo: busyMayBeOurs = false } = request;
      return withCircumstances({ deadlineSeconds, busyMayBeOurs, settleMs }, (given, _identity, alive) =>
        change(request, given, alive, use),
      );
    },

    async verifyParameters({ server: name, parameters, since, pooled }) {
      const server = await servers.readServer(name);
      const open = server.state === 'Ready' ? [] : [`ARM says ${server.state}, not Ready`];
      const configured = await Promise.all(
        Object.keys(parameters).map((parameter) => servers.readParameter(name, parameter)),
      );
      for (const { name: parameter, value, pendingRestart } of configured) {
        if (value !== parameters[parameter]) open.push(`ARM says ${parameter} ${value}, not ${parameters[parameter]}`);
        if (pendingRestart) open.push(`${parameter} still waits for a restart`);
      }
      const { settings, startedAt } = await onServer(server, 'admin', use, (client) =>
        readSettings(client, Object.keys(parameters)),
      );
      for (const parameter of differing(settings, parameters)) {
        open.push(`the server runs with ${parameter} ${settings[parameter]}, not ${parameters[parameter]}`);
      }
      if (since !== undefined && startedAt <= since) open.push(`not restarted since ${since}`);
      const followers = await lookAtReplicas(server, use);
      open.push(...followers.open);
      const through = pooled ? await lookAtPool(use) : { open: [], evidence: [] };
      open.push(...through.open);
      if (open.length > 0) throw failure('NotVerified', `${name}: ${open.join('; ')}`);
      const values = Object.entries(parameters).map(([parameter, value]) => `${parameter} ${value}`);
      const up = `up since ${startedAt.slice(11, 19)}Z`;
      return [`ARM Ready; SQL ${[...values, up].join(', ')}`, ...followers.evidence, ...through.evidence].join('; ');
    },
  };
  return asFailures(activities, [azureProblem, kubernetesProblem, postgresProblem]);
}

async function change(
  request: ParametersChange,
  given: Circumstances,
  alive: Alive,
  use: RestartDependencies,
): Promise<string> {
  const { server: name, parameters, restart, undo = false } = request;
  const { servers } = use;
  const claim = claimOf(alive);
  const changes: Change<FlexibleServer>[] = Object.entries(parameters).map((each) =>
    parameterChange(name, each, servers, claim.identity),
  );
  const resources = asResources(servers);
  if (!restart) {
    await makeChanges(name, changes, resources, given);
    return '';
  }
  const server = await servers.readServer(name);
  const isRestarted = () => hasRestarted(server, request, use);
  let accepted = given.resumed?.accepted.includes(restartName) ?? false;
  const pool = restart.pooled ? pausable(await findPool(use), { mayBeGone: undo || accepted }) : undefined;
  const context = Context.current();
  const shield = new Shield(pool, {
    ...claim,
    ...{ isRestarted, longestMs: restart.longestPauseSeconds * 1000 },
    log: (words) => void context.log.warn(words),
  });
  changes.push({
    name: restartName,
    // On the way back a login of the application's may be what has failed: where it runs as it did, nothing needs one.
    isThere: async () => (restart.since === undefined && (await runsAsAsked(server, request, use))) || isRestarted(),
    async send(accepted) {
      await shield.raise();
      try {
        claim.assertAwake();
        return await servers.restart(name, { identity: claim.identity, accepted });
      } catch (error) {
        // An answer that is lost may have been a yes.
        if (azureProblem(error)?.type !== 'AzureUnavailable' || neverSent(error)) await shield.lower();
        throw error;
      }
    },
  });
  const noted: Circumstances = {
    ...given,
    assertAwake: () => claim.assertAwake(),
    heartbeat: (progress) => {
      accepted = progress.accepted.includes(restartName);
      given.heartbeat(progress);
    },
  };
  let restarts = false;
  try {
    if (!given.firstAttempt) {
      // A worker that dies within the half second after Azure has accepted could not tell: then the server tells.
      const asked = accepted || server.state !== 'Ready';
      await shield.adopt({ asked, restarted: asked && (await isRestarted().catch(() => false)) });
    }
    await makeChanges(name, changes, resources, noted);
  } catch (error) {
    // Told to stop while Azure restarts it all the same: clients wait until it has.
    restarts = accepted && error instanceof CancelledFailure;
    throw error;
  } finally {
    await shield.end({ restarts });
  }
  return shield.words;
}

/** By the server itself, which takes a write where it is no replica. Throws where it does not. */
async function hasRestarted(
  server: FlexibleServer,
  { parameters, restart }: ParametersChange,
  use: RestartDependencies,
): Promise<boolean> {
  const read = (client: Client) => readSettings(client, Object.keys(parameters));
  const { startedAt, settings } = await asApplication(server, use, read, limits);
  if (differing(settings, parameters).length > 0) return false;
  return restart?.since === undefined || startedAt > restart.since;
}

async function runsAsAsked(
  server: FlexibleServer,
  { parameters }: ParametersChange,
  use: RestartDependencies,
): Promise<boolean> {
  const names = Object.keys(parameters);
  const { settings } = await onServer(server, 'admin', use, (client) => readSettings(client, names));
  return differing(settings, parameters).length === 0;
}

interface Look {
  open: string[];
  evidence: string[];
}

/** Its restart cut them off. */
async function lookAtReplicas(primary: FlexibleServer, use: RestartDependencies): Promise<Look> {
  const names = await use.servers.readReplicas(primary.name);
  const position = names.length > 0 ? await onServer(primary, 'admin', use, readWalPosition) : '';
  const looked = await Promise.all(
    names.map(async (name) => {
      const replica = await use.servers.readServer(name);
      return { name, state: await onServer(replica, 'admin', use, (client) => readReplicaState(client, position)) };
    }),
  );
  return {
    open: looked.flatMap(({ name, state }) => judgeReplica(state, `replica ${name}`)),
    evidence: looked.map(({ name, state }) => `${name} streams, lag ${state.replayLagBytes} B`),
  };
}

/** Every pod takes clients through, and none is left in a pause of ours. */
async function lookAtPool(use: RestartDependencies): Promise<Look> {
  const pool = await findPool(use);
  if (!pool || pool === 'unknown') return { open: [`the pooler is ${pool ?? 'not there'} by now`], evidence: [] };
  const pods = (await pool.pods()).filter(({ terminating }) => !terminating);
  if (pods.length === 0) return { open: [`${pool.name} has no pod`], evidence: [] };
  const open = await Promise.all(
    pods.map(async ({ name, address }) => {
      if (address === undefined) return [`${name} has no address yet`];
      try {
        if (await isPodPaused(pool, address)) return [`${name} is paused`];
        if (await readLease(address)) return [`${name} has a lease of a pause`];
        await passPod(pool, address);
        return [];
      } catch (error) {
        return [`${name}: ${(error as Error).message}`];
      }
    }),
  );
  return { open: open.flat(), evidence: [`each of ${pods.length} pods of ${pool.name} let a transaction through`] };
}
