import { z } from 'zod';
import { quantity } from './quantity';
import { runInput } from './run-input';
import { kubernetesName } from './topology';

/** What one pod asks for and may use at most: CPU in millicores, memory in bytes; 0 where nothing is said. */
export interface PodSize {
  requests: { cpuMillis: number; memoryBytes: number };
  limits: { cpuMillis: number; memoryBytes: number };
}

const mebibyte = 2 ** 20;

/** The scaling guide's matrix is what a pod may use; it asks for half of it, as the guide's own command does. */
export const podSizes = {
  small: sized(250, 256),
  medium: sized(500, 512),
  large: sized(1000, 1024),
  'x-large': sized(2000, 2048),
} as const;

function sized(cpuMillis: number, mebibytes: number): PodSize {
  const memoryBytes = mebibytes * mebibyte;
  return { requests: { cpuMillis: cpuMillis / 2, memoryBytes: memoryBytes / 2 }, limits: { cpuMillis, memoryBytes } };
}

const cpu = quantityBetween(0.01, 128, 'a quantity of CPU from 10m to 128, such as 500m');
const memory = quantityBetween(16 * mebibyte, 2 ** 40, 'a quantity of memory from 16Mi to 1Ti, such as 512Mi');
const resources = z.strictObject({ cpu, memory });

function quantityBetween(least: number, most: number, allowed: string) {
  return z
    .string()
    .max(20)
    .refine((text) => {
      try {
        return quantity(text) >= least && quantity(text) <= most;
      } catch {
        return false;
      }
    }, allowed);
}

/** What is no quantity is told of by itself. */
function isWithin(request: string, limit: string): boolean {
  try {
    return quantity(request) <= quantity(limit);
  } catch {
    return true;
  }
}

/** Input of `resizeDeployment`: a size of the guide's, or requests and limits. */
export const resizeDeploymentInput = runInput
  .extend({
    /** Name of a deployment of the topology. */
    deployment: kubernetesName,
    size: z.enum(['small', 'medium', 'large', 'x-large']).optional(),
    requests: resources.optional(),
    limits: resources.optional(),
    /** `gentlest`: running pods are resized in place where that is possible. `rollout`: every pod is replaced. */
    way: z.enum(['gentlest', 'rollout']).default('gentlest'),
  })
  .refine(({ size, requests, limits }) => (size === undefined) !== (requests === undefined && limits === undefined), {
    path: ['size'],
    message: 'give either a size, or requests and limits',
  })
  .refine(({ requests, limits }) => (requests === undefined) === (limits === undefined), {
    path: ['limits'],
    message: 'requests and limits go together: give both',
  })
  .refine(
    ({ requests, limits }) =>
      !requests || !limits || (isWithin(requests.cpu, limits.cpu) && isWithin(requests.memory, limits.memory)),
    { path: ['requests'], message: 'more than the limits' },
  );
export type ResizeDeploymentInput = z.infer<typeof resizeDeploymentInput>;

/** The size that an input asks for. */
export function podSizeOf({ size, requests, limits }: ResizeDeploymentInput): PodSize {
  if (size !== undefined) return podSizes[size];
  const of = (given: { cpu: string; memory: string }) => ({
    cpuMillis: Math.round(quantity(given.cpu) * 1000),
    memoryBytes: quantity(given.memory),
  });
  return { requests: of(requests!), limits: of(limits!) };
}

/** "0.5–1 CPU, 512–1024 MiB" */
export function describePodSize({ requests, limits }: PodSize): string {
  const cores = (millis: number) => String(millis / 1000);
  const mebibytes = (bytes: number) => String(Math.round(bytes / mebibyte));
  return `${range(requests.cpuMillis, limits.cpuMillis, cores)} CPU, ${range(requests.memoryBytes, limits.memoryBytes, mebibytes)} MiB`;
}

function range(least: number, most: number, say: (value: number) => string): string {
  if (most === 0) return `${say(least)}–any`;
  return least === most ? say(least) : `${say(least)}–${say(most)}`;
}
