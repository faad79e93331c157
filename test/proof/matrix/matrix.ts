/**
 * The cases of a variant, made from what its run without faults showed: its steps and its requests. Never by hand.
 */
import { type Case, green, type Moment } from '../harness/case';
import type { Evidence } from '../harness/evidence';
import { onPurpose } from '../harness/hooks';
import type { SeenRequest, SystemName } from '../harness/request';
import type { PoolerTrouble } from '../harness/trouble';
import { redisPodsIn, type Variant } from '../subjects/subject';

/** Slots are moved by thousands of commands, and nodes are looked at several times a second. */
const redisChangesMax = 60;
const redisReadsMax = 30;
/** Leases are renewed every second, and sessions ended until none is left. */
const directChangesMax = 40;

/** What the run without faults showed. */
export interface Shown {
  /** Reversibility of each step, in the plan's order. */
  steps: { name: string; reversible: boolean }[];
  requests: number;
  connections: number;
  /** Commands to Redis. */
  redisChanges: number;
  redisReads: number;
  /** Orders to PgBouncer, leases, statements that shut a server and open one. */
  directChanges: number;
  /** Which of the requests, counted from 1, were mutations that were not refused: a conflict with a controller need not come again. */
  mutations: number[];
  /** What was changed, and by how many mutations. */
  systems: SystemName[];
  mutationsOf: Partial<Record<SystemName, number>>;
  resources: number;
  /** How many of these are PostgreSQL servers. */
  databases: number;
  /** How many of them are caches. */
  caches: number;
  /** Servers were changed that had been there before: faults can be armed for them. */
  changesServers: boolean;
  /** By PATCH of the server itself, of which Azure may show the old values for a while. */
  patchesServers: boolean;
  /** A server or a cache got another size. */
  changesSize: boolean;
  makesReplicas: boolean;
  podsStarted: number;
  /** The request by which the nodes of a Redis cluster were made, counted from 1; 0 where there were none. */
  redisNodesMade?: number;
  /** How many there are, at most and at the end. */
  redisNodes?: { most: number; last: number } | undefined;
  /** The variant's. */
  troubles: PoolerTrouble[];
  warnings: PoolerTrouble[];
  /** The mutation, counted from 1, at which every pod of the pooler is paused, and the server that it is about. */
  pause?: { mutation: number; server: number };
  /** Names of the variant's. */
  competitors: string[];
}

export function shownBy(evidence: Evidence, variant: Variant): Shown {
  const { requests, podsStarted, servers } = evidence;
  const { connection: connections, redisChange: redisChanges, redisRead: redisReads } = evidence.counts;
  const { directChange: directChanges } = evidence.counts;
  const steps = evidence.runs[0].plan?.steps ?? [];
  const resources = new Set(steps.map(({ resource }) => resource));
  if (variant.troubles && !evidence.locks.some(({ target }) => target.startsWith('pooler:')))
    throw new Error(`${variant.name}: the run took no lock of a pooler, so nothing that befalls one is shown`);
  const changes = requests.filter(isChange);
  const systems = [...new Set(changes.map(({ system }) => system))];
  return {
    steps: steps.map(({ name, reversibility }) => ({ name, reversible: reversibility !== 'irreversible' })),
    ...{ requests: requests.length, connections, redisChanges, redisReads, directChanges, podsStarted },
    mutations: requests.flatMap((request, index) => (isChange(request) ? [index + 1] : [])),
    systems,
    mutationsOf: Object.fromEntries(
      systems.map((of) => [of, changes.filter(({ system }) => system === of).length] as const),
    ),
    resources: resources.size,
    databases: count(resources, 'postgres:'),
    caches: count(resources, 'redis:'),
    changesServers: requests.some(({ isMutation, resource }) => isMutation && servers.includes(resource ?? '')),
    patchesServers: changes.some(({ method, path }) => method === 'PATCH' && /\/flexibleServers\/[^/]+$/i.test(path)),
    changesSize: changes.some(({ effect }) => effect.includes('"sku"')),
    makesReplicas: changes.some(({ effect }) => effect.includes('"createMode":"Replica"')),
    redisNodesMade:
      requests.findIndex(({ isMutation, resource }) => isMutation && resource?.startsWith('statefulset:')) + 1,
    redisNodes: nodesIn(evidence),
    troubles: variant.troubles ?? [],
    warnings: variant.warnings ?? [],
    ...(variant.pause && { pause: pausedAt(changes, variant.pause) }),
    competitors: Object.keys(variant.competitors ?? {}),
  };
}

/** The API server refuses a change that a controller has overtaken, and it is sent again. */
function isChange({ isMutation, isAccepted, system }: SeenRequest): boolean {
  return isMutation && (isAccepted || system === 'azure');
}

function pausedAt(changes: SeenRequest[], { asking, server }: NonNullable<Variant['pause']>): Shown['pause'] {
  const index = changes.findIndex(({ effect }) => effect.includes(asking));
  if (index < 0) throw new Error(`no change asks for ${asking}: the variant’s pause is another by now`);
  return { mutation: index + 1, server };
}

function nodesIn({ before, after }: Evidence): Shown['redisNodes'] {
  const [first, last] = [before, after].map((state) => Number(redisPodsIn(state) ?? 0)) as [number, number];
  return last === 0 ? undefined : { most: Math.max(first, last), last };
}

function count(resources: Set<string>, kind: string): number {
  return [...resources].filter((resource) => resource.startsWith(kind)).length;
}

/** The part that `make test` runs: at most 90 s a runbook, in one variant. */
export function essential(shown: Shown): Case[] {
  const last = shown.steps.length - 1;
  return [
    repeats(shown),
    ...each(shown, (step) => unwinds(shown, step, 'failAfter')),
    ...[...new Set([0, last])].flatMap((step) => stuck(shown, step)),
    ...shown.mutations.map((_, index) => killedAtMutation(index + 1)),
    killedAgain(evenly(shown.requests, 3), shown),
  ];
}

/** Every "each" and "every request"; or every n-th request that changes nothing. Orders to PgBouncer, leases and the fence are changes. */
export function whole(shown: Shown, { everyRequest = 1 } = {}): Case[] {
  return [
    repeats(shown),
    ...each(shown, (step) => unwinds(shown, step, 'failBefore')),
    ...each(shown, (step) => unwinds(shown, step, 'failAfter')),
    ...each(shown, (step) => unwindsTwice(shown, step)),
    ...each(shown, (step) => stuck(shown, step)).flat(),
    ...everyOf(shown.mutations.length, 1).map(killedAtMutation),
    ...everyOf(shown.requests, everyRequest).map((request) => killedAtRequest(request, shown)),
    ...everyOf(shown.connections, everyRequest).map((connection) => killedAtConnection(connection, shown)),
    ...upTo(shown.redisChanges, redisChangesMax, everyRequest).map((change) =>
      killedAtRedis({ redisChange: change }, `change ${change} of ${shown.redisChanges}`),
    ),
    ...upTo(shown.redisReads, redisReadsMax, everyRequest).map((read) =>
      killedAtRedis({ redisRead: read }, `read ${read} of ${shown.redisReads}`),
    ),
    ...upTo(shown.directChanges, directChangesMax, 1).map((change) =>
      killedAtDirectChange(change, shown.directChanges),
    ),
  ];
}

/** Every apply runs twice. */
export function repeats(shown: Shown): Case {
  return {
    ...green,
    helper: 'repeats',
    name: 'every apply runs twice',
    hooks: shown.steps.map((_, step) => ({ step, kind: 'applyTwice' as const })),
  };
}

/**
 * An error at a step. Where it can be undone the run rolls back by itself; from an irreversible step on it asks: before that
 * step's effect the order is to roll back, which it can, afterwards to try again.
 */
export function unwinds(shown: Shown, step: number, kind: 'failBefore' | 'failAfter'): Case {
  const hook = { step, kind };
  const words = onPurpose(hook);
  const firstIrreversible = shown.steps.findIndex(({ reversible }) => !reversible);
  const asks = firstIrreversible >= 0 && step >= firstIrreversible;
  const goesBack = !asks || (kind === 'failBefore' && step === firstIrreversible);
  return {
    ...green,
    helper: 'unwinds',
    name: `step ${step + 1}, ${kind === 'failBefore' ? 'before' : 'after'} its effect`,
    hooks: [hook],
    answer: () => (goesBack ? 'rollback' : 'retry'),
    expected: goesBack
      ? { outcomes: ['RolledBack'], failed: { step, words }, asked: asks ? [step] : [] }
      : { outcomes: ['Succeeded'], asked: [step], told: [words] },
  };
}

/** The same, with every undo run twice. */
export function unwindsTwice(shown: Shown, step: number): Case {
  const once = unwinds(shown, step, 'failAfter');
  const undos = shown.steps.flatMap(({ reversible }, index) =>
    reversible ? [{ step: index, kind: 'undoTwice' as const }] : [],
  );
  return { ...once, helper: 'unwinds twice', hooks: [...once.hooks, ...undos] };
}

/** The undo of a step fails; tried again, it goes well. From an irreversible step on there is none, and the operator accepts. */
export function stuck(shown: Shown, step: number): Case[] {
  const base = { ...green, helper: 'stuck' };
  const irreversible = shown.steps.findIndex((each) => !each.reversible);
  if (irreversible >= 0 && step >= irreversible) {
    const fails = { step, kind: 'failAfter' as const };
    const accepting: Case = {
      ...base,
      name: `step ${step + 1} fails, and nothing is undone`,
      hooks: [fails],
      answer: (_trouble, asked) => (asked === 0 ? 'rollback' : 'accept'),
      expected: { outcomes: ['Accepted'], asked: [step, step], told: [onPurpose(fails)] },
    };
    return [accepting];
  }
  const undo = { step, kind: 'undoFails' as const };
  const last = (irreversible < 0 ? shown.steps.length : irreversible) - 1;
  const fails = { step: last, kind: 'failAfter' as const };
  return [
    {
      ...base,
      name: `undo of step ${step + 1} fails`,
      hooks: [fails, undo],
      expected: { outcomes: ['RolledBack'], asked: [step], told: [onPurpose(fails), onPurpose(undo)] },
    },
  ];
}

export function killedAtMutation(mutation: number): Case {
  return {
    ...green,
    helper: 'killed',
    name: `the worker dies at mutation ${mutation}`,
    strikes: [{ do: 'killWorker', mutation }],
  };
}

export function killedAtRequest(request: number, { mutations, requests }: Shown): Case {
  const what = mutations.includes(request) ? 'a mutation' : 'a read';
  return {
    ...green,
    helper: 'killed',
    name: `the worker dies at request ${request} of ${requests} (${what} without faults)`,
    strikes: [{ do: 'killWorker', request }],
    // How often is asked depends on how long things take: a run can be over before.
    mayMiss: true,
  };
}

/** And whoever goes on for it, and the one after that: three in one run, where there is little time. */
function killedAgain(at: number[], { requests }: Shown): Case {
  return {
    ...green,
    helper: 'killed',
    name: `workers die at requests ${at.join(', ')} of ${requests}`,
    strikes: at.map((request) => ({ do: 'killWorker', request })),
    mayMiss: true,
  };
}

export function killedAtConnection(connection: number, { connections }: Shown): Case {
  return {
    ...green,
    helper: 'killed',
    name: `the worker dies at connection ${connection} of ${connections} to PostgreSQL`,
    strikes: [{ do: 'killWorker', connection }],
    mayMiss: true,
  };
}

function killedAtRedis(moment: Moment, what: string): Case {
  return {
    ...green,
    helper: 'killed',
    name: `the worker dies as it asks Redis: ${what}`,
    strikes: [{ do: 'killWorker', ...moment }],
    mayMiss: true,
  };
}

/** Not sent: what came before it is done. */
function killedAtDirectChange(directChange: number, of: number): Case {
  return {
    ...green,
    helper: 'killed',
    name: `the worker dies at direct change ${directChange} of ${of}`,
    strikes: [{ do: 'killWorker', directChange }],
    // A slower run renews leases more often.
    mayMiss: true,
  };
}

function each<T>({ steps }: Shown, make: (step: number) => T): T[] {
  return steps.map((_, step) => make(step));
}

/** Every n-th number from 1 to `count`. */
function everyOf(count: number, every: number): number[] {
  return Array.from({ length: Math.floor(count / every) }, (_, index) => (index + 1) * every);
}

/** Of a count that a cluster's size and its keys, or time, make long, evenly at most so many; every n-th of them. */
function upTo(count: number, max: number, every: number): number[] {
  const chosen = count <= max ? everyOf(count, 1) : evenly(count, max);
  return everyOf(chosen.length, every).map((place) => chosen[place - 1]!);
}

/** So many numbers from 1 to `count`, evenly spaced. */
export function evenly(count: number, wanted: number): number[] {
  return Array.from({ length: wanted }, (_, index) => Math.round(((index + 0.5) * count) / wanted) || 1);
}
