/**
 * Goal: a defect of the engine does not look like a pass. Method: five engines, each broken by one change of the sources, play
 * the case that must show it; the invariant that must see it is named in what it says.
 */
import { runbooks } from '../../catalogue';
import { type BrokenEngine, brokenEngines } from './broken/engines';
import { breakSources } from './harness/code';
import { Proof } from './harness/proof';
import { Stage } from './harness/stage';
import type { Violation } from './invariants';
import type { Shown } from './matrix/matrix';
import { databaseSkuUpgrade } from './subjects/database-sku-upgrade';

const upgrade = databaseSkuUpgrade.variants.find(({ name }) => name === 'up')!;
/** One step that sets a parameter and changes a size: nothing of a case depends on what it would show itself. */
const shown: Shown = {
  steps: [{ name: 'scale primary', reversible: true }],
  ...{ requests: 0, connections: 0, mutations: [], systems: ['azure'], resources: 1 },
  ...{ podsStarted: 0, competitors: [] },
};
/** Of all engines together, on a busy machine. */
const timeoutMs = 240_000;

let stage: Stage;
const played = new Map<BrokenEngine, Promise<Violation[]>>();

beforeAll(async () => {
  stage = await Stage.start();
  // Two at a time: most of a case is waiting for Azure's pace.
  const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
  for (const [index, engine] of brokenEngines.entries()) {
    const result = lanes[index % 2]!.then(() => play(engine));
    lanes[index % 2] = result.catch(() => undefined);
    played.set(engine, result);
  }
});
afterAll(async () => {
  await Promise.allSettled(played.values());
  await stage?.stop();
});

async function play({ name, change, given }: BrokenEngine): Promise<Violation[]> {
  const root = stage.lab.path(`broken-${brokenEngines.findIndex((engine) => engine.name === name)}`);
  await breakSources(root, change);
  const proof = await Proof.start({ runbooks: { catalogue: runbooks }, players: 1, root, stage });
  try {
    return (await proof.play(proof.scene(databaseSkuUpgrade, upgrade), given(shown))).violations;
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
