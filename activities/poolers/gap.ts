/** What a pod of the pooler has not taken over of its file: then a RELOAD would change more than it is meant to, or nothing yet. */
import type { Pod } from '../kubernetes/kubernetes';
import { hostIn, type Patience } from '../pgbouncer/configuration';
import { numberIn } from '../pgbouncer/console';
import { digestOf, readMounted } from '../pgbouncer/mounted';
import { askPooler } from './pods';
import type { Staged } from './staged';

/** `loaded`: what it has in force is another, and a RELOAD would take the file's. */
export type Gap = { words: string; loaded?: true };

/** Undefined where the pod has that file mounted, leads to where the file does, and lets clients wait as `wanted`. */
export async function gapOf(
  pod: Pod,
  password: string,
  wanted: Patience,
  { text = '' }: Staged,
): Promise<Gap | undefined> {
  const { name, address } = pod;
  if (address === undefined) return { words: `${name} has no address yet` };
  try {
    const [mounted, [configuration, databases]] = await Promise.all([
      readMounted(address),
      askPooler(pod, password, async ({ show }) => [await show('CONFIG'), await show('DATABASES')] as const),
    ]);
    if (mounted.digest !== digestOf(text)) return { words: `${name} has not got the new file yet` };
    const elsewhere = databases.find((row) => {
      const staged = hostIn(text, row['name'] ?? '');
      return staged !== undefined && staged !== row['host'];
    });
    // A RELOAD would lead its clients to where somebody has staged another server, which need not take writes.
    if (elsewhere) return { words: `${name} leads to ${elsewhere['host']}, and its file to another server` };
    const wait = numberIn(configuration, 'query_wait_timeout');
    const retry = numberIn(configuration, 'server_login_retry');
    if (wait === wanted.queryWaitTimeoutSeconds && retry === wanted.serverLoginRetrySeconds) return undefined;
    return { words: `${name} has query_wait_timeout ${wait} and server_login_retry ${retry} in force`, loaded: true };
  } catch (error) {
    return { words: `${name}: ${(error as Error).message}` };
  }
}
