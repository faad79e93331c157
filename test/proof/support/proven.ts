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

/** What `make test` plays. */
export function provenEssentially(subject: Subject, runbooks: Runbooks): void {
  declare(subject, runbooks, essential, ['repeats', 'unwinds', 'stuck', 'killed']);
}

/** The whole matrix; of the requests at which a worker can die, every tenth. */
export function provenWhole(subject: Subject, runbooks: Runbooks): void {
  const cases = (shown: Shown) => whole(shown, { everyRequest: 10 });
  declare(subject, runbooks, cases, ['repeats', 'unwinds', 'unwinds twice', 'stuck', 'killed']);
}

function declare(subject: Subject, runbooks: Runbooks, casesOf: (shown: Shown) => Case[], helpers: string[]): void {
  let proof: Proof;
  let playing: Promise<Result[]>;

  beforeAll(async () => {
    proof = await Proof.start({ runbooks, ...(subject.variants[0]!.cluster && { cluster: true }) });
    playing = play();
    // Whatever is wrong is told by the tests.
    playing.catch(() => undefined);
  }, startTimeoutMs);
  afterAll(() => proof?.stop(), startTimeoutMs);

  async function play(): Promise<Result[]> {
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
