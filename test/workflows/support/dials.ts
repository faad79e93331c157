import { z } from 'zod';
import type { RunInput } from '../../../catalogue';
import { runInput, targetOf } from '../../../catalogue';
import { changes, reads, verifications } from '../../../workflows/runbook/activities';
import { failure } from '../../../workflows/runbook/failure';
import { runbook } from '../../../workflows/runbook/runbook';
import { change } from '../../../workflows/runbook/step';
import type { DialActivities } from './dial-board';

/**
 * The smallest runbook there is: turns dials on a board to the values wanted, one step a dial, in the order of the input.
 * A dial named "valve…" can be turned only once: its step is irreversible.
 */
const input = runInput.extend({
  /** Boards share a server and must not share locks. */
  board: z.string().default('board'),
  dials: z.record(z.string().regex(/^[a-z0-9]{1,20}$/), z.string().max(20)),
});
/** What a dial shows while somebody turns it. */
export const turning = 'turning';

type DialsInput = RunInput & { board: string; dials: Record<string, string> };

export const dialTarget = (board: string, dial: string): string => targetOf('deployment', `${board}/${dial}`);

const read = reads<DialActivities>();
const act = changes<DialActivities>();
const check = verifications<DialActivities>();

export const turnDials = runbook<DialsInput, Record<string, string>>({
  name: 'turnDials',
  title: 'Turn dials',
  input,
  subject: ({ dials }) => Object.keys(dials).join(' and '),
  preflight: () => read('preflight · read the dials').readDials(),
  targets: ({ board, dials }) => Object.keys(dials).map((dial) => dialTarget(board, dial)),
  findings: ({ dials }, board) =>
    Object.keys(dials).map((dial) =>
      dial in board
        ? board[dial] === turning
          ? { level: 'refusal', code: 'DialTurning', field: 'dials', message: `${dial} is being turned` }
          : { level: 'ok', code: 'dial exists', message: dial }
        : { level: 'refusal', code: 'DialUnknown', field: 'dials', message: `there is no dial ${dial}` },
    ),
  steps: ({ board: name, dials, timing }, board) =>
    Object.entries(dials)
      .filter(([dial, value]) => board[dial] !== value)
      .map(([dial, value]) =>
        change<string, { value: string }>({
          name: `turn ${dial}`,
          resource: dialTarget(name, dial),
          from: board[dial]!,
          to: value,
          show: (shown) => shown,
          reversibility: dial.startsWith('valve') ? 'irreversible' : 'reversible',
          undoDisturbsClients: dial.startsWith('loud'),
          read: async () => ({ value: (await read(`turn ${dial} · read`).readDials())[dial]! }),
          valueOf: (before) => before.value,
          set: (wanted, way) => act(`turn ${dial} · set ${wanted}`, timing).setDial({ dial, value: wanted, way }),
          check: (wanted) => check(`turn ${dial} · verify ${wanted}`, timing).checkDial({ dial, value: wanted }),
          abandon: async () => {
            const before = board[dial]!;
            const shown = (await read(`turn ${dial} · read`).readDials())[dial];
            if (shown !== before) throw failure('NoWayBack', `${dial} shows ${shown}`);
            await act(`turn ${dial} · leave it`, timing).setDial({ dial, value: before, way: 'back' });
            return 'left';
          },
        }),
      ),
  clients: () => ({ kind: 'postgres', server: 'board' }),
});
