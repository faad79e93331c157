/** The two that look for a while: at the one pod beside its siblings, and at the pools. */
import { Context } from '@temporalio/activity';
import { answers as answersAt } from '../deployments/endpoint';
import { failure } from '../failures';
import type { Pod } from '../kubernetes/kubernetes';
import { type Credentials, isLoginRefused, passThrough } from '../pgbouncer/console';
import type { PoolerDependencies } from '../poolers/dependencies';
import { addressOf, readPoolerPods } from '../poolers/pods';
import { type Answers, comparison, exhausted, isHopeless, type PoolLook, worseThan } from './judgement';
import { divided, type Way } from './path';
import { lookAt } from './poolers';

const everyMs = 1000;
const answerMs = 2000;
const firstAnswerMs = 10_000;

/** Each pod is asked at its own address, on the way of the clients where the topology says it. */
export async function comparePods(
  deployment: string,
  way: Way,
  seconds: number,
  use: PoolerDependencies,
): Promise<string> {
  const kubernetes = use.kubernetes();
  const pods = await kubernetes.readPods(await kubernetes.readDeployment(deployment));
  const { on, off } = divided(pods, way.variable, `${way.secret}/${way.pooledKey}`);
  const [canary] = on;
  if (!canary || on.length > 1) {
    throw failure('CanaryWorse', `${on.length} pods of ${deployment} are on the pooled path, not one`);
  }
  const answers = new Map([canary, ...off].map((pod) => [pod.name, { pod: pod.name, failed: 0, took: [] }]));
  const [own, ...siblings] = [...answers.values()];
  // How long a first answer takes says how long a login does, and its siblings have theirs behind them.
  await Promise.all([canary, ...off].map((pod) => askOnce(urlOf(pod, way), answers.get(pod.name)!, firstAnswerMs)));
  for (const one of answers.values()) one.took = [];
  for (let second = 0; second < seconds && !isHopeless(own!, siblings); second++) {
    const due = Date.now() + everyMs;
    await Promise.all([canary, ...off].map((pod) => askOnce(urlOf(pod, way), answers.get(pod.name)!)));
    await Context.current().sleep(Math.max(0, due - Date.now()));
  }
  const worse = worseThan(own!, siblings);
  if (worse.length > 0) throw failure('CanaryWorse', worse.join('; '));
  return comparison(own!, siblings);
}

/** How many of the pods answer as their clients ask; 0 where the topology does not say how clients do. */
export async function answeringClients(pods: Pod[], way: Way): Promise<number> {
  if (way.known.clientUrl === undefined) return 0;
  const answered = await Promise.all(pods.map((pod) => answersAt(urlOf(pod, way))));
  return answered.filter(Boolean).length;
}

function urlOf({ address = '' }: Pod, { known, podEndpoint }: Way): string {
  const path = known.clientUrl === undefined ? podEndpoint.path : new URL(known.clientUrl).pathname;
  return `http://${address.includes(':') ? `[${address}]` : address}:${podEndpoint.port}${path}`;
}

async function askOnce(url: string, answers: Answers, limitMs = answerMs): Promise<void> {
  const began = performance.now();
  try {
    const answer = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(limitMs) });
    await answer.arrayBuffer();
    if (answer.status >= 400) answers.failed += 1;
    else answers.took.push(performance.now() - began);
  } catch {
    answers.failed += 1;
  }
}

/**
 * Every second a transaction of the application's through each pod, and a look at who waits there. Begins anew where the
 * pooler's pods are others than before, or let no transaction through. Where that is because others have all of a pool's connections, two looks
 * tell: after one, those who waited for a server that was away may just be getting their turn.
 */
export async function watchPools(
  name: string,
  login: Credentials,
  { seconds, deadlineSeconds }: { seconds: number; deadlineSeconds: number },
  use: PoolerDependencies,
): Promise<string> {
  const context = Context.current();
  const deadline = context.info.scheduledTimestampMs + deadlineSeconds * 1000;
  let first: PoolLook[] = [];
  let [since, own, worst] = [Date.now(), 0, 0];
  let wasFull = false;
  for (;;) {
    const { pods, password } = await readPoolerPods(use.kubernetes(), name);
    const problems = (await Promise.all(pods.map((pod) => problemIn(pod, login)))).flat();
    const look = (pod: Pod) => lookAt(pod, password, login.database);
    if (problems.length > 0) {
      const answered = await Promise.all(pods.map((pod) => look(pod).catch(() => [])));
      const full = answered.flat().flatMap(exhausted);
      if (full.length > 0 && wasFull) throw failure('PoolExhausted', full.join('; '));
      wasFull = full.length > 0;
      if (Date.now() > deadline) throw failure('NotVerified', problems.join('; '));
      first = [];
      await context.sleep(everyMs);
      continue;
    }
    [own, wasFull] = [own + 1, false];
    const looks = await Promise.all(pods.map(look));
    const full = looks.flatMap(exhausted);
    if (full.length > 0) throw failure('PoolExhausted', full.join('; '));
    const same = looks.length > 0 && looks.every(({ pod }) => first.some((one) => one.pod === pod));
    if (!same) [first, since, own] = [looks, Date.now(), 0];
    worst = Math.max(worst, ...looks.map(({ waiting }) => waiting));
    if (same && Date.now() - since >= seconds * 1000) return said(first, looks, { seconds, own, worst });
    if (Date.now() > deadline) throw failure('NotVerified', `the pods of ${name} were not the same for ${seconds} s`);
    await context.sleep(everyMs);
  }
}

/** Why it lets no transaction through. Throws WorkloadFailing where waiting does not mend it. */
async function problemIn(pod: Pod, login: Credentials): Promise<string[]> {
  try {
    await passThrough(addressOf(pod), login);
    return [];
  } catch (error) {
    const words = `${pod.name}: ${(error as Error).message}`;
    if (isLoginRefused(error)) throw failure('WorkloadFailing', words);
    return [words];
  }
}

function said(
  first: PoolLook[],
  last: PoolLook[],
  { seconds, own, worst }: { seconds: number; own: number; worst: number },
): string {
  const before = new Map(first.map(({ pod, transactions }) => [pod, transactions]));
  const counts = last.map(({ pod, transactions }) => Math.max(0, transactions - before.get(pod)! - own));
  return `${counts.join(' and ')} transactions of clients in ${seconds} s through the pods of the pool, at most ${worst} waited, none for a second`;
}
