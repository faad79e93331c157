import type { Runbooks } from '../harness/code';
import { green } from '../harness/case';
import type { Result } from '../harness/player';
import { Proof, show } from '../harness/proof';
import { essential, shownBy } from '../matrix/matrix';
import type { Subject } from '../subjects/subject';

const secondsMax = 90;

/** Declares the tests of the essential part for one runbook, in its first variant; all cases are begun at once. */
export function provenEssentially(subject: Subject, runbooks: Runbooks): void {
  let proof: Proof;
  let playing: Promise<Result[]>;
  let began = 0;

  beforeAll(async () => {
    proof = await Proof.start({ runbooks });
    began = Date.now();
    const scene = proof.scene(subject);
    const first = await proof.play(scene, green);
    // Whatever is wrong is told by the tests.
    playing = proof.playAll(scene, essential(shownBy(first.evidence))).then((others) => [first, ...others]);
    playing.catch(() => undefined);
  });
  afterAll(() => proof?.stop());

  test.each(['green', 'repeats', 'unwinds', 'stuck', 'killed'])(
    '%s',
    async (helper) => {
      const results = (await playing).filter((result) => result.case.helper === helper);
      expect(results).not.toHaveLength(0);
      expect(results.filter(({ violations }) => violations.length > 0).map(show)).toEqual([]);
    },
    4 * secondsMax * 1000,
  );

  test('in the time that it may take', async () => {
    await playing;
    const seconds = (Date.now() - began) / 1000;
    console.log(`${subject.runbook}: ${proof.results.length} cases in ${seconds.toFixed(0)} s`);
    expect(seconds).toBeLessThan(2 * secondsMax);
  });
}
