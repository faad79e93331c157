/**
 * Declares the tests of a runbook: one a helper; all cases are begun at once, and played side by side. The next runbook's are
 * begun before its tests are asked for, as soon as a player has nothing to do.
 */
import { type Case, green } from '../harness/case';
import type { Runbooks } from '../harness/code';
import type { Result } from '../harness/player';
import { Proof, type ProofOptions, show } from '../harness/proof';
import { essential, type Shown, shownBy, whole } from '../matrix/matrix';
import type { Subject } from '../subjects/subject';

/** Far beyond what it takes on a machine that has nothing else to do. */
const timeoutMs = 1_800_000;
/** The lab with its cluster and its workers, likewise: one that is given up half-way is left behind. */
const startTimeoutMs = 180_000;

/** One lab for all the subjects of a test file. */
class SharedProof {
  private proof: Proof | undefined;
  /** Subjects that were not begun yet, in order. */
  private readonly waiting: (() => Promise<unknown>)[] = [];
  /** Somebody's run without faults is on its way: its cases will come. */
  private opening = false;

  async start(options: ProofOptions): Promise<void> {
    const onIdle = () => {
      if (this.proof && !this.opening) void this.waiting[0]?.();
    };
    this.proof = await Proof.start({ ...options, onIdle });
  }

  stop = () => this.proof?.stop();

  /** Returns what begins it, unless it has been begun by then. */
  add(subject: Subject, casesOf: (shown: Shown) => Case[]): () => Promise<Result[]> {
    let playing: Promise<Result[]> | undefined;
    const begin = () => {
      if (playing) return playing;
      this.waiting.splice(this.waiting.indexOf(begin), 1);
      playing = this.play(subject, casesOf);
      // Whatever is wrong is told by the tests.
      playing.catch(() => undefined);
      return playing;
    };
    this.waiting.push(begin);
    return begin;
  }

  private async play(subject: Subject, casesOf: (shown: Shown) => Case[]): Promise<Result[]> {
    const proof = this.proof!;
    const began = Date.now();
    const scene = proof.scene(subject);
    this.opening = true;
    const first = await proof.play(scene, green).finally(() => (this.opening = false));
    if (first.violations.length > 0) return [first];
    const others = await proof.playAll(scene, casesOf(shownBy(first.evidence, scene.variant)));
    const seconds = ((Date.now() - began) / 1000).toFixed(0);
    process.stdout.write(`${subject.runbook}: ${others.length + 1} cases in ${seconds} s\n`);
    return [first, ...others];
  }
}

export function proofOf(subjects: Subject[], runbooks: Runbooks): SharedProof {
  const shared = new SharedProof();
  const cluster = subjects.some(({ variants }) => variants[0]!.cluster);
  beforeAll(() => shared.start({ runbooks, cluster }), startTimeoutMs);
  afterAll(() => shared.stop(), startTimeoutMs);
  return shared;
}

/** What `make test` plays. */
export function provenEssentially(subject: Subject, shared: SharedProof): void {
  declare(subject, shared, essential, ['repeats', 'unwinds', 'stuck', 'killed']);
}

/** The whole matrix; of the requests at which a worker can die, every tenth. */
export function provenWhole(subject: Subject, shared: SharedProof): void {
  const cases = (shown: Shown) => whole(shown, { everyRequest: 10 });
  declare(subject, shared, cases, ['repeats', 'unwinds', 'unwinds twice', 'stuck', 'killed']);
}

function declare(subject: Subject, shared: SharedProof, casesOf: (shown: Shown) => Case[], helpers: string[]): void {
  const begin = shared.add(subject, casesOf);
  beforeAll(() => void begin());

  test.each(['green', ...helpers])(
    '%s',
    async (helper) => {
      const results = await begin();
      expect(results.filter(({ violations }) => violations.length > 0).map(show)).toEqual([]);
      expect(results.filter((result) => result.case.helper === helper)).not.toHaveLength(0);
    },
    timeoutMs,
  );
}
