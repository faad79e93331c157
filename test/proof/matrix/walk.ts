/** Random walks: some faults at some moments, all of it from a seed. The same seed makes the same plan. */
import type { Case, Order, Strike } from '../harness/case';
import type { Hook, HookKind } from '../harness/hooks';
import type { Shown } from './matrix';

/** Numbers from 0 up to 1 (mulberry32: a 32-bit state, the same on every machine). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const hookKinds: HookKind[] = ['failBefore', 'failAfter', 'applyTwice', 'undoFails', 'undoTwice'];
const azureFaults: [name: string, options: Record<string, unknown>][] = [
  ['throttle', { on: 'any', count: 1, seconds: 2 }],
  ['server-error', { on: 'any' }],
  ['unavailable', { on: 'any' }],
  ['conflict', {}],
  ['lost-response', {}],
  ['operation-canceled', {}],
  ['operation-hangs', {}],
  ['still-busy', { seconds: 2 }],
  ['stale-read', { seconds: 0.8 }],
  ['poll-not-found', {}],
  ['poll-error', {}],
  ['upgrade-fails', { properties: 'old' }],
  ['upgrade-fails', { properties: 'new' }],
  ['upgrade-fails', { properties: 'mixed' }],
];
const ingredientsMin = 2;
const ingredientsMax = 4;

export function walk(seed: number, { steps, mutations, servers }: Shown): Case {
  const random = randomFrom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!;
  const hooks: Hook[] = [];
  const strikes: Strike[] = [];
  const azure: Case['azure'] = [];
  // Not by the requests that were seen: their number is another each time, and the plan must not be.
  const requests = 20 + 15 * steps.length;
  const moment = () => (random() < 0.5 ? { mutation: 1 + below(mutations.length) } : { request: 1 + below(requests) });

  const ingredients: (() => void)[] = [
    () => hooks.push({ step: below(steps.length), kind: one(hookKinds) }),
    () => {
      const [name, options] = one(azureFaults);
      azure.push({ name, options: { ...options, after: below(3) }, server: below(servers) });
    },
    () => strikes.push({ do: 'killWorker', ...moment() }),
    () => strikes.push({ do: 'freezeWorker', thawAfterMs: 500 + below(6000), ...moment() }),
    () => strikes.push({ do: 'killPostgres', server: below(servers), restartAfterMs: below(1500), ...moment() }),
    () => strikes.push({ do: one(['abort', 'cancel', 'pause', 'startRival'] as const), ...moment() }),
  ];
  const count = ingredientsMin + below(ingredientsMax - ingredientsMin + 1);
  for (let index = 0; index < count; index++) one(ingredients)();
  const answers = Array.from({ length: 50 }, (): Order => one(['retry', 'retry', 'retry', 'rollback', 'accept']));
  return {
    ...{ helper: 'walk', name: `seed ${seed}`, hooks, strikes, azure, timing: { operationTimeoutSeconds: 20 } },
    answer: (_trouble, asked) => answers[asked % answers.length]!,
    expected: { outcomes: ['Succeeded', 'RolledBack', 'Refused', 'Accepted'] },
    // What comes after the end of the run, or where no change comes any more, never strikes.
    mayMiss: true,
  };
}

/** What a walk is going to do, in one line. */
export function planOf({ hooks, strikes, azure }: Case): string {
  return [
    ...hooks.map(({ step, kind }) => `step ${step + 1} ${kind}`),
    ...azure.map(({ name, options, server }) => `${name} on server ${server + 1} ${JSON.stringify(options)}`),
    ...strikes.map((strike) => JSON.stringify(strike)),
  ].join('; ');
}
