/**
 * tuneQueries: a runbook as a newcomer writes it. Two parameters of a server that take effect without a restart, one after the
 * other. It is in no catalogue but its test's.
 */
import type { Compute, ComputeBefore, DatabaseActivities } from '../../../activities/database/contract';
import { targetOf } from '../../../catalogue';
import { changes, reads, verifications } from '../../../workflows/runbook/activities';
import type { Runbook } from '../../../workflows/runbook/definition';
import { type AnyStep, change } from '../../../workflows/runbook/step';
import { type TuneQueriesInput, tuneQueriesInput } from './entry';

const read = reads<DatabaseActivities>();
const act = changes<DatabaseActivities>();
const check = verifications<DatabaseActivities>();

const parameters = ['work_mem', 'random_page_cost'] as const;

export const definition: Runbook<TuneQueriesInput, ComputeBefore> = {
  name: 'tuneQueries',
  title: 'Tune queries',
  input: tuneQueriesInput,
  subject: ({ server }) => server,
  preflight: ({ server }) =>
    read('preflight · read the parameters').readCompute({ server, parameters: [...parameters] }),
  targets: ({ server }) => [targetOf('postgres', server)],
  findings: () => [],
  steps: (input, { compute }) =>
    parameters.filter((name) => compute.parameters[name] !== input[name]).map((name) => set(name, compute, input)),
  clients: ({ server }) => ({ kind: 'postgres', server }),
};

function set(name: (typeof parameters)[number], compute: Compute, input: TuneQueriesInput): AnyStep {
  const { server, timing } = input;
  const step = `set ${name}`;
  const only = (value: string): Compute => ({ ...compute, parameters: { [name]: value } });
  return change<string, ComputeBefore>({
    name: step,
    resource: targetOf('postgres', server),
    from: compute.parameters[name]!,
    to: input[name],
    show: (value) => `${name} ${value}`,
    reversibility: 'reversible',
    undoDisturbsClients: false,
    read: () => read(`${step} · read it`).readCompute({ server, parameters: [name] }),
    valueOf: (before) => before.compute.parameters[name]!,
    set: (value, way) =>
      act(`${step} · to ${value}`, timing).changeCompute({
        ...{ server, compute: only(value), deadlineSeconds: timing.operationTimeoutSeconds, undo: way === 'back' },
      }),
    check: (value) => check(`${step} · verify ${value}`, timing).verifyCompute({ server, compute: only(value) }),
  });
}
