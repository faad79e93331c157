/** What scripts are made of: requests to Azure and to the cluster, shown as the commands that a person types. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod, Secret } from '../kubernetes/api/objects';
import { productionNamespace as namespace } from '../kubernetes/layout';
import { askAboutServer } from '../resource-manager';
import type { Stand } from './stand';

const readyDeadlineMs = 180_000;
const lookEveryMs = 200;

/** Resolves to its host when it is Ready. */
export async function makeReplica(stand: Stand, source: string, replica: string): Promise<string> {
  const { location, sku, id } = await askAboutServer(stand.lab, 'GET', source);
  stand.terminal.typed(
    `az postgres flexible-server replica create --replica-name ${replica} --source-server ${source} …`,
  );
  const properties = { createMode: 'Replica', sourceServerResourceId: id };
  await askAboutServer(stand.lab, 'PUT', replica, { location, sku, properties });
  await untilReady(stand, replica);
  return (await askAboutServer(stand.lab, 'GET', replica)).properties.fullyQualifiedDomainName;
}

/** Resolves when Azure has accepted it. */
export async function promote({ lab, terminal }: Stand, replica: string): Promise<void> {
  const promotion = { role: 'Primary', promoteMode: 'Standalone', promoteOption: 'Planned' };
  await askAboutServer(lab, 'PATCH', replica, { properties: { replica: promotion } });
  terminal.typed(`az postgres flexible-server replica promote --name ${replica} --promote-mode standalone …`);
}

/** And no operation goes on there. Throws where that takes too long. */
export async function untilReady({ lab }: Stand, server: string): Promise<void> {
  const deadline = Date.now() + readyDeadlineMs;
  for (;;) {
    const { state } = await askAboutServer(lab, 'GET', server).then(
      ({ properties }) => properties,
      (error: Error) => ({ state: error.message }),
    );
    if (state === 'Ready') return;
    if (Date.now() > deadline) throw new Error(`${server} is not Ready after ${readyDeadlineMs / 1000} s: ${state}`);
    await sleep(lookEveryMs);
  }
}

/** In the values whose key ends so. */
export async function changeSecret(stand: Stand, secret: string, key: string, from: string, to: string): Promise<void> {
  stand.terminal.typed(`kubectl patch secret ${secret} …   # ${from} becomes ${to}`);
  const changed = Object.entries(await readSecret(stand, secret))
    .filter(([name]) => name.endsWith(key))
    .map(([name, text]) => [name, Buffer.from(text.replaceAll(from, to)).toString('base64')]);
  await stand.api.merge(secretPath(secret), { data: Object.fromEntries(changed) as Record<string, string> });
}

export async function readSecret({ api }: Stand, secret: string): Promise<Record<string, string>> {
  const { data = {} } = await api.get<Secret>(secretPath(secret));
  const texts = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
  return Object.fromEntries(texts) as Record<string, string>;
}

/** Addresses of PgBouncer's pods. */
export async function poolerPods({ api }: Stand): Promise<string[]> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3Dpgbouncer`;
  const { items } = await api.get<{ items: Pod[] }>(path);
  return items.flatMap(({ status }) => status?.podIP ?? []);
}

function secretPath(secret: string): string {
  return `/api/v1/namespaces/${namespace}/secrets/${secret}`;
}
