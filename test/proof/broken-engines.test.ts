/**
 * Goal: a defect of the engine does not look like a pass. Method: seven engines, each broken by one change of the sources, play
 * the case that must show it; the invariant that must see it is named in what it says.
 */
import { runbooks } from '../../catalogue';
import { type BrokenEngine, brokenEngines } from './broken/engines';
import { breakSources } from './harness/code';
import { Proof } from './harness/proof';
import { Stage } from './harness/stage';
import type { Violation } from './invariants';

/** Of all engines together, on a busy machine. */
const timeoutMs = 240_000;
/** A lab with its cluster, likewise. */
const startTimeoutMs = 180_000;

let stage: Stage;
const played = new Map<BrokenEngine, Promise<Violation[]>>();

beforeAll(async () => {
  stage = await Stage.start({ cluster: true });
  // Two at a time: most of a case is waiting.
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  for (const [index, engine] of brokenEngines.entries()) {
    const result = lanes[index % 2]!.then(() => play(engine));
    lanes[index % 2] = result.catch(() => undefined);
    played.set(engine, result);
  }
}, startTimeoutMs);
afterAll(async () => {
  await Promise.allSettled(played.values());
  await stage?.stop();
}, startTimeoutMs);

async function play({ name, change, ground, given }: BrokenEngine): Promise<Violation[]> {
  const root = stage.lab.path(`broken-${brokenEngines.findIndex((engine) => engine.name === name)}`);
  await breakSources(root, change);
  const { subject, shown } = ground;
  const { cluster = false } = subject.variants[0]!;
  const proof = await Proof.start({ runbooks: { catalogue: runbooks }, players: 1, cluster, root, stage });
  try {
    const variant = subject.variants.find((one) => one.name === ground.variant);
    return (await proof.play(proof.scene(subject, variant), given(shown))).violations;
  } finally {
    await proof.stop();
  }
}

test.each(brokenEngines)(
  '$name: caught by "$caughtBy"',
  async (engine) => {
    expect((await played.get(engine)!).map(({ of }) => of)).toContain(engine.caughtBy);
  },
  timeoutMs,
);

test('a change that does not fit the sources any more is an error, not a working engine', async () => {
  const change = { ...brokenEngines[0]!.change, find: 'no such text' };
  await expect(breakSources(stage.lab.path('unbroken'), change)).rejects.toThrow(/0 places .* cannot be broken so/);
});
