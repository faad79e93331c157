/** Declares the tests of a runbook: one a helper; all cases are begun at once, and played side by side. */
import { type Case, green } from '../harness/case';
import type { Runbooks } from '../harness/code';
import type { Result } from '../harness/player';
import { Proof, show } from '../harness/proof';
import { essential, type Shown, shownBy, whole } from '../matrix/matrix';
import type { Subject } from '../subjects/subject';

/** Far beyond what it takes on a machine that has nothing else to do. */
const timeoutMs = 600_000;
/** The lab with its cluster and five workers, likewise: one that is given up half-way is left behind. */
const startTimeoutMs = 180_000;

/** One lab for all the subjects of a test file. */
export function proofOf(subjects: Subject[], runbooks: Runbooks): () => Proof {
  let proof: Proof;
  const cluster = subjects.some(({ variants }) => variants[0]!.cluster);
  beforeAll(async () => void (proof = await Proof.start({ runbooks, cluster })), startTimeoutMs);
  afterAll(() => proof?.stop(), startTimeoutMs);
  return () => proof;
}

/** What `make test` plays. */
export function provenEssentially(subject: Subject, theProof: () => Proof): void {
  declare(subject, theProof, essential, ['repeats', 'unwinds', 'stuck', 'killed']);
}

/** The whole matrix; of the requests at which a worker can die, every tenth. */
export function provenWhole(subject: Subject, theProof: () => Proof): void {
  const cases = (shown: Shown) => whole(shown, { everyRequest: 10 });
  declare(subject, theProof, cases, ['repeats', 'unwinds', 'unwinds twice', 'stuck', 'killed']);
}

function declare(subject: Subject, theProof: () => Proof, casesOf: (shown: Shown) => Case[], helpers: string[]): void {
  let playing: Promise<Result[]>;

  beforeAll(() => {
    playing = play(theProof());
    // Whatever is wrong is told by the tests.
    playing.catch(() => undefined);
  });

  async function play(proof: Proof): Promise<Result[]> {
    const began = Date.now();
    const scene = proof.scene(subject);
    const first = await proof.play(scene, green);
    if (first.violations.length > 0) return [first];
    const others = await proof.playAll(scene, casesOf(shownBy(first.evidence, scene.variant)));
    const seconds = ((Date.now() - began) / 1000).toFixed(0);
    process.stdout.write(`${subject.runbook}: ${others.length + 1} cases in ${seconds} s\n`);
    return [first, ...others];
  }

  test.each(['green', ...helpers])(
    '%s',
    async (helper) => {
      const results = await playing;
      expect(results.filter(({ violations }) => violations.length > 0).map(show)).toEqual([]);
      expect(results.filter((result) => result.case.helper === helper)).not.toHaveLength(0);
    },
    timeoutMs,
  );
}
