/**
 * databaseRestart: parameters of a PostgreSQL flexible server, and the restart that some of them need.
 *
 * 1. Each parameter that takes effect by itself; verified by Azure and by the server.
 * 2. Those that wait for a restart, and the restart: one step, for a way back in two would need a second restart. Where the
 *    topology's PgBouncer leads to the server, every pod of it is paused before Azure is asked, and resumed as soon as the server
 *    has restarted and takes writes: its clients wait, and none fails.
 *
 * Going back gives the former values, and restarts in the same way where the server runs with others.
 *
 * Out of scope: several servers in one run, a failover instead of a restart, memory settings that follow the size
 * (databaseSkuUpgrade).
 */
import { workflowInfo } from '@temporalio/workflow';
import type { ClientPath } from '../../activities/clients/contract';
import type { ParametersBefore, RestartActivities, RestartFacts, Values } from '../../activities/restarts/contract';
import type { DatabaseRestartInput } from '../../catalogue';
import { databaseRestartInput, runbooks, targetOf } from '../../catalogue';
import { changes, reads, verifications } from '../runbook/activities';
import type { Runbook } from '../runbook/definition';
import { runbook } from '../runbook/runbook';
import type { AnyStep } from '../runbook/step';
import { change } from '../runbook/step';
import { comparedIn, poolBefore, showValues, type Work, workOf } from './decisions';
import { findings } from './findings';

const read = reads<RestartActivities>();
const act = changes<RestartActivities>();
const check = verifications<RestartActivities>();

export const definition: Runbook<DatabaseRestartInput, RestartFacts> = {
  name: 'databaseRestart',
  title: runbooks['databaseRestart']!.title,
  input: databaseRestartInput,
  subject: ({ server }, topology) => `${server ?? topology.postgres.primary} (${topology.azure.resourceGroup})`,
  preflight: ({ server, parameters, restart: anyway }, topology) =>
    read('preflight · read parameters, the server, its pooler').inspectRestart({
      ...{ server: server ?? topology.postgres.primary, parameters: Object.keys(parameters).sort() },
      ...{ since: workflowInfo().startTime.toISOString(), restart: anyway },
    }),
  targets: (_wanted, facts) => {
    const { pool } = facts;
    const known = typeof pool === 'object' ? [targetOf('pooler', `${pool.namespace}.${pool.name}`)] : [];
    const servers = [facts.server.name, ...comparedIn(facts)];
    return [...servers.map((server) => targetOf('postgres', server)), ...known];
  },
  findings,
  steps: (wanted, facts) => {
    const work = workOf(wanted, facts);
    return [
      ...work.dynamic.map((parameter) => set(parameter, wanted, facts)),
      ...(work.restarts ? [restart(work, wanted, facts)] : []),
    ];
  },
  clients: (_wanted, facts) => {
    const direct: ClientPath = { kind: 'postgres', server: facts.server.name };
    const pool = poolBefore(facts);
    if (!pool) return direct;
    const pooled: ClientPath = { kind: 'pooler' };
    return pool.directSessions > 0 ? { kind: 'every', paths: [pooled, direct] } : pooled;
  },
};

export const databaseRestart = runbook(definition);

function set({ name, from, to }: Work['dynamic'][number], wanted: DatabaseRestartInput, facts: RestartFacts): AnyStep {
  const { timing } = wanted;
  const server = facts.server.name;
  const step = `set ${name}`;
  return change<Values, ParametersBefore>({
    ...{ name: step, resource: targetOf('postgres', server), from: { [name]: from }, to: { [name]: to } },
    ...{ show: showValues, reversibility: 'reversible', undoDisturbsClients: false, impact: 'nothing' },
    expectedSeconds: 15,
    read: () => read(`${step} · read it`).readParameterValues({ server, parameters: [name] }),
    valueOf: ({ values }) => values,
    set: (parameters, way) =>
      act(`${step} · to ${showValues(parameters)}`, timing).changeParameters({
        ...{ server, parameters, deadlineSeconds: timing.operationTimeoutSeconds, undo: way === 'back' },
      }),
    check: (parameters) => check(`${step} · verify`, timing).verifyParameters({ server, parameters, pooled: false }),
  });
}

interface Running {
  parameters: Values;
  restarted: boolean;
}

function restart({ fixed }: Work, wanted: DatabaseRestartInput, facts: RestartFacts): AnyStep {
  const { timing, clientBudget } = wanted;
  const server = facts.server.name;
  const pool = poolBefore(facts);
  const pooled = pool !== undefined;
  const longestPauseSeconds = clientBudget.longestStallSeconds;
  const step = `restart ${server}`;
  let paused = '';
  return change<Running, ParametersBefore>({
    ...{ name: step, resource: targetOf('postgres', server), reversibility: 'reversible', undoDisturbsClients: true },
    ...{ from: { parameters: fixed.from, restarted: false }, to: { parameters: fixed.to, restarted: true } },
    show: ({ parameters, restarted }) =>
      [showValues(parameters), restarted ? 'restarted' : 'not restarted'].filter(Boolean).join(', '),
    // A restart of a real server was recorded with two minutes.
    expectedSeconds: 120,
    ...(pooled
      ? { impact: `behind ${pool.name}: wait, ≤ ${longestPauseSeconds} s`, detail: pausing(pool.pods.length) }
      : { impact: 'all: cut off, refused until it is back' }),
    read: () => read(`${step} · read how it runs`).readParameterValues({ server, parameters: Object.keys(fixed.to) }),
    valueOf: ({ values, startedAt }) => ({ parameters: values, restarted: startedAt > facts.startedAt }),
    set: async ({ parameters }, way) => {
      const forward = way === 'forward';
      paused = await act(`${step} · ${forward ? 'set, and restart' : 'set back'}`, timing).changeParameters({
        ...{ server, parameters, deadlineSeconds: timing.operationTimeoutSeconds, undo: !forward },
        restart: { pooled, longestPauseSeconds, ...(forward ? { since: facts.startedAt } : {}) },
      });
    },
    check: async ({ parameters }, since) => {
      const asked = { server, parameters, pooled, ...(since ? { since: since.startedAt } : {}) };
      const evidence = await check(`${step} · verify`, timing).verifyParameters(asked);
      return [evidence, paused].filter(Boolean).join('; ');
    },
  });
}

function pausing(pods: number): string {
  return `its ${pods} pods are paused meanwhile, for as long as open transactions, and Azure, take`;
}
