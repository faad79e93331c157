/** How long the pooler's pods let clients wait, changed in those that run: none of them is replaced. contract.ts says what each does. */
import { Context } from '@temporalio/activity';
import { type Alive, assertInTime, whileAlive } from '../alive';
import { assertStill, guarded } from '../deployments/guarded';
import { asFailures, failure } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { type Patience, patienceIn, withPatience } from '../pgbouncer/configuration';
import type { PatienceActivities } from './contract';
import { knownPooler, type PoolerDependencies } from './dependencies';
import { gapOf } from './gap';
import { askPooler, readPoolerPods } from './pods';
import { readStaged, type Staged } from './staged';

const everyMs = 500;

export function createPatienceActivities(use: PoolerDependencies): PatienceActivities {
  const name = () => knownPooler(use).name;
  const what = () => `the patience in the configuration of ${name()}`;
  const staged = () => readStaged({ name: name() }, use.kubernetes());

  const activities: PatienceActivities = {
    async readPatience() {
      return { patience: patienceOf(await staged()), at: Date.now() };
    },

    changePatience: (request) =>
      guarded<Patience>(what(), request, async () => {
        const found = await staged();
        const write = async ({ identity }: Alive) => {
          await use.kubernetes().setSecret(found, found.key, withPatience(request.to, found.text!), identity);
        };
        return { value: patienceOf(found), write };
      }),

    loadPatience: ({ patience, deadlineSeconds }) =>
      whileAlive(
        () => 'reload',
        async (alive) => {
          for (;;) {
            const { pods, password, gaps } = await look(patience);
            if (gaps.every((gap) => gap === undefined)) return;
            assertInTime(`the patience of ${gaps.flatMap((gap) => gap?.words ?? []).join('; ')}`, deadlineSeconds);
            alive.assertAwake();
            // One that does not answer is asked again.
            const late = pods.filter((_pod, index) => gaps[index]?.loaded);
            await Promise.allSettled(late.map((pod) => askPooler(pod, password, ({ reload }) => reload())));
            await Context.current().sleep(everyMs);
          }
        },
      ),

    async verifyPatience({ patience }) {
      const { pods, gaps, found } = await look(patience);
      assertStill(what(), patience, patienceOf(found));
      const open = gaps.flatMap((gap) => gap?.words ?? []);
      if (open.length > 0) throw failure('NotVerified', open.join('; '));
      return `each of ${pods.length} pods shows it`;
    },
  };
  return asFailures(activities, [kubernetesProblem]);

  async function look(patience: Patience) {
    const [found, { pods, password }] = await Promise.all([staged(), readPoolerPods(use.kubernetes(), name())]);
    const gaps = await Promise.all(pods.map((pod) => gapOf(pod, password, patience, found)));
    return { found, pods, password, gaps };
  }
}

/** Throws ConfigurationMissing where the file is not of deployPgbouncer's making. */
function patienceOf({ name, key, text = '' }: Staged): Patience {
  const patience = patienceIn(text);
  if (patience) return patience;
  throw failure('ConfigurationMissing', `${key || 'the configuration'} of ${name} is not of deployPgbouncer’s making`);
}
