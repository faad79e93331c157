/** Plays many cases side by side in one lab: each player has a worker, a task queue and a production of its own. */
import type { RunbookEntry } from '../../../catalogue';
import { Namespace } from '../kubernetes/namespace';
import type { Subject } from '../subjects/subject';
import type { Case } from './case';
import { repository, type Runbooks, writeBundle } from './code';
import { Player, type Result, type Scene } from './player';
import { Replayer } from './replayer';
import { Stage } from './stage';
import { writeTopology } from './topology';
import { WorkerProcess } from './worker-process';

interface Job {
  scene: Scene;
  case: Case;
  done(result: Result): void;
  failed(error: unknown): void;
}

export interface ProofOptions {
  runbooks: Runbooks;
  /** How many cases at once: on two cores that do other things too, a fourth makes the others late. */
  players?: number;
  /** Whose sources, other than the repository's: see `breakSources`. */
  root?: string;
  /** Whether a subject needs one. */
  cluster?: boolean;
  /** A stage that others use too; it is not stopped with this proof. */
  stage?: Stage;
  /** Tells of each case when it is over. */
  report?(result: Result): void;
  /** A player has nothing to do: whoever has more cases may begin them. */
  onIdle?(): void;
}

let bundles = 0;

export class Proof {
  readonly results: Result[] = [];
  private readonly jobs: Job[] = [];
  private readonly wakes = new Set<() => void>();
  private stopping = false;
  private working: Promise<void>[] = [];

  private constructor(
    readonly stage: Stage,
    private readonly ownsStage: boolean,
    private readonly players: Player[],
    private readonly replayer: Replayer,
    private readonly options: ProofOptions,
  ) {
    this.working = players.map((player) => this.work(player));
  }

  static async start(options: ProofOptions): Promise<Proof> {
    const { root = repository, players = 3, cluster = false } = options;
    const stage = options.stage ?? (await Stage.start({ cluster }));
    try {
      return await Proof.on(stage, options, root, players);
    } catch (error) {
      if (!options.stage) await stage.stop();
      throw error;
    }
  }

  private static async on(stage: Stage, options: ProofOptions, root: string, players: number): Promise<Proof> {
    const number = ++bundles;
    const bundle = stage.lab.path(`workflows-${number}.js`);
    await writeBundle(bundle, options.runbooks, root);
    const replayer = new Replayer(bundle);
    const names = Array.from({ length: players }, (_, index) => `proof-${number}-${index + 1}`);
    const serversOnly = stage.lab.path('servers-only.topology.yaml');
    await writeTopology(serversOnly, {});
    const made = await Promise.all(
      names.map(async (name) => {
        const namespace =
          options.cluster && stage.cluster ? await Namespace.open(stage, stage.cluster, name) : undefined;
        const worker = new WorkerProcess(
          stage,
          name,
          { bundle, root },
          namespace?.environment ?? { RUNBOOK_TOPOLOGY: serversOnly },
        );
        await worker.start();
        return new Player(stage, worker, replayer, namespace);
      }),
    );
    return new Proof(stage, options.stage === undefined, made, replayer, options);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    for (const wake of this.wakes) wake();
    await Promise.all(this.working);
    await Promise.all(this.players.map((player) => player.stop()));
    await this.replayer.stop();
    if (this.ownsStage) await this.stage.stop();
  }

  /** Scene of a subject's variant. Throws where the catalogue has no such runbook. */
  scene(subject: Subject, variant = subject.variants[0]!): Scene {
    const entry: RunbookEntry | undefined = this.options.runbooks.catalogue[subject.runbook];
    if (!entry) throw new Error(`the catalogue has no runbook ${subject.runbook}`);
    return { subject, variant, entry };
  }

  play(scene: Scene, given: Case): Promise<Result> {
    return new Promise((done, failed) => {
      this.jobs.push({ scene, case: given, done, failed });
      for (const wake of this.wakes) wake();
    });
  }

  playAll(scene: Scene, cases: Case[]): Promise<Result[]> {
    return Promise.all(cases.map((each) => this.play(scene, each)));
  }

  private async work(player: Player): Promise<void> {
    while (!this.stopping) {
      // One that needs no new servers, if there is one.
      const same = this.jobs.findIndex(({ scene }) => scene.variant === player.readyFor);
      if (this.jobs.length === 0) this.options.onIdle?.();
      const [job] = this.jobs.splice(Math.max(same, 0), 1);
      if (!job) {
        let wake = () => {};
        await new Promise<void>((resolve) => this.wakes.add((wake = resolve)));
        this.wakes.delete(wake);
        continue;
      }
      try {
        const result = await player.play(job.scene, job.case);
        this.results.push(result);
        this.options.report?.(result);
        job.done(result);
      } catch (error) {
        job.failed(error);
      }
    }
  }
}

/** One line, or several with violations. */
export function show({ scene, case: { helper, name }, violations, evidence, seconds, missed }: Result): string {
  const { report, status } = evidence.runs[0];
  const asked = evidence.runs[0].sightings.length;
  const end = `${report?.outcome ?? status}${asked > 0 ? ` after ${asked} question${asked > 1 ? 's' : ''}` : ''}`;
  const head = `${violations.length > 0 ? 'FAIL' : missed ? 'none' : 'ok  '} ${scene.entry.name} · ${scene.variant.name} · ${helper} · ${name}: ${end} (${seconds.toFixed(1)} s)`;
  return [head, ...violations.map(({ of, what }) => `       ${of}: ${what}`)].join('\n');
}
