/** Random walks: some faults at some moments, all of it from a seed. The same seed makes the same plan. */
import type { Case, Fault, KubernetesFault, Order, Strike } from '../harness/case';
import type { Hook, HookKind } from '../harness/hooks';
import type { SystemName } from '../harness/request';
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
const kubernetesFaults: [name: KubernetesFault['name'], options: KubernetesFault['options']][] = [
  ['throttle', { seconds: 2 }],
  ['server-error', {}],
  ['unavailable', { count: 3 }],
  ['conflict', {}],
  ['lost-response', {}],
  ['down', { seconds: 4 }],
];
const ingredientsMin = 2;
const ingredientsMax = 4;

export function walk(seed: number, { steps, mutations, resources, databases, systems, competitors }: Shown): Case {
  const random = randomFrom(seed);
  const below = (count: number) => Math.floor(random() * count);
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!;
  const hooks: Hook[] = [];
  const strikes: Strike[] = [];
  const faults: Fault[] = [];
  // Not by the requests that were seen: their number is another each time, and the plan must not be.
  const requests = 20 + 15 * steps.length;
  const moment = () => (random() < 0.5 ? { mutation: 1 + below(mutations.length) } : { request: 1 + below(requests) });

  const of = (system: SystemName, ingredients: (() => void)[]) => (systems.includes(system) ? ingredients : []);
  // A seed that once found something finds it again: what is new comes last.
  const ingredients: (() => void)[] = [
    () => hooks.push({ step: below(steps.length), kind: one(hookKinds) }),
    ...of('azure', [
      () => {
        const [name, options] = one(azureFaults);
        faults.push({ system: 'azure', name, options: { ...options, after: below(3) }, server: below(resources) });
      },
    ]),
    () => strikes.push({ do: 'killWorker', ...moment() }),
    () => strikes.push({ do: 'freezeWorker', thawAfterMs: 500 + below(6000), ...moment() }),
    ...(databases > 0
      ? [() => strikes.push({ do: 'killPostgres', server: below(resources), restartAfterMs: below(1500), ...moment() })]
      : []),
    () => strikes.push({ do: one(['abort', 'cancel', 'pause', 'startRival'] as const), ...moment() }),
    ...of('kubernetes', [
      () => {
        const [name, options] = one(kubernetesFaults);
        // The API server is asked more often than it is changed.
        const after = name === 'conflict' || name === 'lost-response' ? below(3) : below(requests);
        faults.push({ system: 'kubernetes', name, options: { ...options, after } });
      },
      ...competitors.map((competitor) => () => strikes.push({ do: 'compete', competitor, ...moment() })),
    ]),
  ];
  const count = ingredientsMin + below(ingredientsMax - ingredientsMin + 1);
  for (let index = 0; index < count; index++) one(ingredients)();
  const answers = Array.from({ length: 50 }, (): Order => one(['retry', 'retry', 'retry', 'rollback', 'accept']));
  return {
    ...{ helper: 'walk', name: `seed ${seed}`, hooks, strikes, faults, timing: { operationTimeoutSeconds: 20 } },
    answer: (_trouble, asked) => answers[asked % answers.length]!,
    expected: { outcomes: ['Succeeded', 'RolledBack', 'Refused', 'Accepted'] },
    // What comes after the end of the run, or where no change comes any more, never strikes.
    mayMiss: true,
  };
}

/** What a walk is going to do, in one line. */
export function planOf({ hooks, strikes, faults }: Case): string {
  return [
    ...hooks.map(({ step, kind }) => `step ${step + 1} ${kind}`),
    ...faults.map((fault) => `${fault.name} ${where(fault)} ${JSON.stringify(fault.options)}`),
    ...strikes.map((strike) => JSON.stringify(strike)),
  ].join('; ');
}

function where(fault: Fault): string {
  return fault.system === 'azure' ? `on server ${fault.server + 1}` : 'of the API server';
}
