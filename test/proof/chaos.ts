/**
 * make chaos [RUNBOOK=…] [SEED=…] [MINUTES=…]: the whole matrix of every runbook in every variant, then random walks.
 *
 * 1. Each variant without faults; from what that shows, all of its cases, side by side.
 * 2. The cases that shake what all share (Temporal), one at a time.
 * 3. Walks for so many minutes, from seeds that are printed before; with SEED only that one.
 * 4. docs/proof.md, unless it was only one walk. A case that failed leaves a folder with all that happened.
 *
 * EVERY=n kills the worker at every n-th request that changes nothing instead of at each; VARIANT=words takes only the variants so named; CASE=words plays only
 * the cases so named (a regular expression), and leaves docs/proof.md as it is unless they are a whole kind, such as `killed`. Exit code 1 where anything was violated.
 */
import { randomInt } from 'node:crypto';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runbooks } from '../../catalogue';
import { cacheFolder } from '../../lab/cache';
import { type Case, green } from './harness/case';
import type { Result, Scene } from './harness/player';
import { Proof, show } from './harness/proof';
import { faults, ofTemporal } from './matrix/faults';
import { type Shown, shownBy, whole } from './matrix/matrix';
import { planOf, walk } from './matrix/walk';
import { subjects } from './subjects';
import type { Subject } from './subjects/subject';
import { writeTable } from './table';

/** A variable that `make` exports without a value is not given. */
const given = (name: string, otherwise = '') => process.env[name] || otherwise;
const [RUNBOOK, SEED, VARIANT, CASE] = [given('RUNBOOK'), given('SEED'), given('VARIANT'), given('CASE')];
const [MINUTES, EVERY, PLAYERS] = [given('MINUTES', '10'), given('EVERY', '1'), given('PLAYERS', '6')];
const logs = join(cacheFolder(), 'logs', `chaos-${new Date().toISOString().replaceAll(/[:.]/g, '-').slice(0, 19)}`);

/** Cases that could not be played. */
const broken: string[] = [];
/** Nothing more is begun. */
let interrupted = false;

async function main(): Promise<void> {
  const chosen = Object.values(subjects).filter(({ runbook }) => !RUNBOOK || runbook === RUNBOOK);
  if (chosen.length === 0) throw new Error(`RUNBOOK=${RUNBOOK}: there are ${Object.keys(subjects).join(', ')}`);
  const began = Date.now();
  const variantsOf = ({ variants }: Subject) => variants.filter(({ name }) => name.includes(VARIANT));
  const cluster = chosen.flatMap(variantsOf).some((variant) => variant.cluster);
  const proof = await Proof.start({ runbooks: { catalogue: runbooks }, players: Number(PLAYERS), cluster, report });
  // Ended early, it takes its lab along.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true;
      void proof.stage.stop().finally(() => process.exit(130));
    });
  }
  try {
    const scenes = chosen.flatMap((subject) => variantsOf(subject).map((variant) => proof.scene(subject, variant)));
    const shown = await showAll(proof, scenes);
    if (SEED) {
      await playWalk(proof, shown, Number(SEED));
    } else {
      await playMatrix(proof, shown);
      if (!CASE) await playWalks(proof, shown);
      const isKind = proof.results.some((result) => result.case.helper === CASE);
      if (!CASE || isKind) {
        const part = [VARIANT, CASE].filter(Boolean).join(', ');
        writeTable(proof.results, (Date.now() - began) / 1000, { part, every: Number(EVERY) });
      }
    }
  } finally {
    const { warnings } = proof.stage;
    if (warnings.length > 0) console.log(`the lab's own troubles:\n${warnings.join('\n')}`);
    await proof.stop();
  }
  const failed = proof.results.filter(({ violations }) => violations.length > 0);
  console.log(
    `${proof.results.length} cases in ${((Date.now() - began) / 60_000).toFixed(1)} min, ${failed.length} with violations${failed.length > 0 ? `: see ${logs}` : ''}, ${broken.length} not played`,
  );
  process.exitCode = failed.length + broken.length > 0 ? 1 : 0;
}

type AllShown = Map<Scene, Shown>;

async function showAll(proof: Proof, scenes: Scene[]): Promise<AllShown> {
  const results = await Promise.all(scenes.map((scene) => proof.play(scene, green)));
  return new Map(
    results
      .filter(({ violations }) => violations.length === 0)
      .map(({ scene, evidence }) => [scene, shownBy(evidence, scene.variant)]),
  );
}

async function playMatrix(proof: Proof, shown: AllShown): Promise<void> {
  const isChosen = ({ helper, name }: Case) => new RegExp(CASE).test(`${helper} · ${name}`);
  const cases = [...shown].flatMap(([scene, what]) =>
    [...whole(what, { everyRequest: Number(EVERY) }), ...faults(what)]
      .filter(isChosen)
      .map((given) => ({ scene, given })),
  );
  console.log(`${cases.length} cases of the matrix`);
  await Promise.all(cases.map(({ scene, given }) => attempt(proof, scene, given)));
  for (const [scene, what] of shown)
    for (const given of ofTemporal(what).filter(isChosen)) await attempt(proof, scene, given);
}

async function playWalks(proof: Proof, shown: AllShown): Promise<void> {
  const until = Date.now() + Number(MINUTES) * 60_000;
  const lanes = Array.from({ length: Number(PLAYERS) }, async () => {
    while (Date.now() < until) await playWalk(proof, shown, randomInt(2 ** 31));
  });
  await Promise.all(lanes);
}

async function playWalk(proof: Proof, shown: AllShown, seed: number): Promise<void> {
  // By the seed among the variants of one runbook: the same when it is the only runbook.
  const names = [...new Set([...shown.keys()].map(({ entry }) => entry.name))];
  const runbook = names[randomInt(names.length)];
  const scenes = [...shown].filter(([{ entry }]) => entry.name === runbook);
  const [scene, what] = scenes[seed % scenes.length]!;
  const given = walk(seed, what);
  console.log(`walk  ${scene.entry.name} · ${scene.variant.name} · seed ${seed}: ${planOf(given)}`);
  const result = await attempt(proof, scene, given);
  if (result?.violations.length !== 0)
    console.log(`again: make chaos RUNBOOK=${scene.entry.name}${VARIANT && ` VARIANT='${VARIANT}'`} SEED=${seed}`);
}

/** One that cannot be played to its end is as bad as one that violates. */
async function attempt(proof: Proof, scene: Scene, given: Case): Promise<Result | undefined> {
  if (interrupted) return undefined;
  try {
    return await proof.play(scene, given);
  } catch (error) {
    if (interrupted) return undefined;
    broken.push(`${scene.entry.name} · ${scene.variant.name} · ${given.helper} · ${given.name}: ${String(error)}`);
    console.log(`FAIL ${broken.at(-1)}`);
    return undefined;
  }
}

function report(result: Result): void {
  console.log(show(result));
  if (result.violations.length === 0) return;
  const { scene, case: given, evidence } = result;
  const name = [scene.entry.name, scene.variant.name, given.helper, given.name].join(' ').replaceAll(/[^\w-]+/g, '-');
  const folder = join(logs, name);
  mkdirSync(folder, { recursive: true });
  const { runs, audited, ...rest } = evidence;
  const write = (file: string, value: unknown) =>
    writeFileSync(join(folder, file), JSON.stringify(value, undefined, 1));
  writeFileSync(join(folder, 'violations.txt'), show(result));
  write('evidence.json', {
    ...rest,
    audited: Object.fromEntries(audited),
    runs: runs.map((run) => ({ ...run, history: undefined })),
  });
  runs.forEach(({ history }, index) => write(`history-${index + 1}.json`, history));
  if (result.workerLog) copyFileSync(result.workerLog, join(folder, 'worker.log'));
}

main().catch((error: Error) => {
  console.error(`chaos: ${error.message}`);
  process.exitCode = 1;
});
