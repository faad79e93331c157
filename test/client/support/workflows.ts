import { databaseSkuUpgradeInput, targetOf } from '../../../catalogue';
import type { DatabaseSkuUpgradeInput } from '../../../catalogue';
import { changes, reads, verifications } from '../../../workflows/runbook/activities';
import { runbook } from '../../../workflows/runbook/runbook';
import { change } from '../../../workflows/runbook/step';
import type { PaperServerActivities, ServerValues } from './paper-server';

export { target } from '../../../workflows/target/target';

const read = reads<PaperServerActivities>();
const act = changes<PaperServerActivities>();
const check = verifications<PaperServerActivities>();

/**
 * A runbook of the catalogue's name and input on the real engine, over a server that is two values on paper: what the command
 * line says to it and shows of it does not depend on what a step really changes.
 */
export const databaseSkuUpgrade = runbook<DatabaseSkuUpgradeInput, ServerValues>({
  name: 'databaseSkuUpgrade',
  title: 'Change the size of a server on paper',
  input: databaseSkuUpgradeInput,
  subject: ({ server = 'broxiva-db-primary' }) => `${server} (broxiva-prod-rg)`,
  preflight: ({ server = 'broxiva-db-primary' }) => read('preflight · read the server').readServer({ server }),
  targets: ({ server = 'broxiva-db-primary' }) => [targetOf('postgres', server)],
  findings: ({ sku, storageGb }, now) => [
    { level: 'ok', code: 'ServerReady', message: 'Ready' },
    { level: 'warning', code: 'LongTransactions', message: '2 transactions older than 5 min would be cut off' },
    ...(sku?.includes('D9') === true
      ? [
          {
            level: 'refusal' as const,
            code: 'SkuUnavailable',
            field: 'sku',
            message: `${sku} is not offered in westus`,
          },
        ]
      : []),
    ...(storageGb !== undefined && storageGb < Number(now.storageGb)
      ? [
          {
            level: 'refusal' as const,
            code: 'StorageCannotShrink',
            field: 'storageGb',
            message: `${storageGb} is less than today's ${now.storageGb}: storage can only grow`,
          },
        ]
      : []),
  ],
  steps: ({ server = 'broxiva-db-primary', sku, storageGb, timing }, now) => {
    const wanted: [name: string, field: keyof ServerValues, value: string | undefined][] = [
      ['scale primary', 'sku', sku],
      ['grow primary', 'storageGb', storageGb?.toString()],
    ];
    return wanted.flatMap(([name, field, value]) =>
      value === undefined || value === now[field]
        ? []
        : [
            change<string, { value: string }>({
              name,
              resource: targetOf('postgres', server),
              from: now[field],
              to: value,
              show: (shown) => shown,
              reversibility: field === 'storageGb' ? 'irreversible' : 'reversible',
              detail: field === 'sku' ? 'max_connections 1718 → 3437, same restart' : undefined,
              expectedSeconds: 360,
              impact: 'all: ≤ 30 s',
              undoDisturbsClients: true,
              read: async () => ({ value: (await read(`${name} · read`).readServer({ server }))[field] }),
              valueOf: (before) => before.value,
              set: (to, way) => act(`${name} · set ${to}`, timing).setServer({ server, field, to, way }),
              check: (to) => check(`${name} · verify ${to}`, timing).checkServer({ server, field, to }),
            }),
          ],
    );
  },
  clients: ({ server = 'broxiva-db-primary' }) => ({ kind: 'postgres', server }),
  costChangePerHour: () => 0.56,
});
