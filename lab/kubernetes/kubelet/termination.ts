/** The graceful end of a container: preStop, SIGTERM, and SIGKILL when the grace period, counted from the beginning, is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container as ContainerSpec } from '../api/objects';
import type { Container } from './container';
import { askOnce, type ProbeTarget } from './probe';

const minimalGraceMs = 2000;

export async function endContainer(
  container: Container,
  spec: ContainerSpec,
  target: ProbeTarget,
  graceSeconds: number,
): Promise<void> {
  const deadline = Date.now() + graceSeconds * 1000;
  const left = () => Math.max(0, deadline - Date.now());
  const preStop = spec.lifecycle?.preStop;
  if (preStop && graceSeconds > 0) {
    const hook = preStop.sleep ? sleep(preStop.sleep.seconds * 1000) : askOnce(preStop, target, left());
    await within(Promise.race([hook, container.ended]), left());
  }
  if (container.running && graceSeconds > 0) {
    // A preStop that has taken all of it leaves this much, as with a real kubelet (minimumGracePeriodInSeconds).
    const until = Math.max(deadline, Date.now() + minimalGraceMs);
    await container.signal('SIGTERM', until - Date.now());
    await within(container.ended, Math.max(0, until - Date.now()));
  }
  if (container.running) await container.signal('SIGKILL');
  await container.ended;
}

async function within(work: Promise<unknown>, deadlineMs: number): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
