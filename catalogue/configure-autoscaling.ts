import { z } from 'zod';
import { runInput } from './run-input';
import { kubernetesName } from './topology';

/** How fast an autoscaler moves. Seconds up to an hour, periods up to half an hour (autoscaling/v2, HPAScalingRules). */
const rules = z.strictObject({
  /** How long it looks back before it moves. */
  stabilizationSeconds: z.int().min(0).max(3600),
  /** At most so many per cent of the pods in a period. */
  percent: z.int().min(1).max(1000),
  /** Or so many pods, where that is more. */
  pods: z.int().min(1).max(1000).optional(),
  periodSeconds: z.int().min(1).max(1800).default(60),
});

/** Input of `configureAutoscaling`. The defaults are the scaling guide's. */
export const configureAutoscalingInput = runInput
  .extend({
    /** Name of a deployment of the topology. */
    deployment: kubernetesName,
    /** Name of the autoscaler; the deployment's with "-hpa" where absent. */
    autoscaler: kubernetesName.optional(),
    min: z.int().min(1).max(1000),
    max: z.int().min(1).max(1000),
    /** Of the CPU request, on average over the pods. */
    cpuPercent: z.int().min(1).max(1000).optional(),
    /** Of the memory request. */
    memoryPercent: z.int().min(1).max(1000).optional(),
    /** http_requests_per_second of each pod, on average. */
    requestsPerSecond: z.int().min(1).max(1_000_000).optional(),
    scaleUp: rules.default({ stabilizationSeconds: 60, percent: 100, pods: 2, periodSeconds: 60 }),
    scaleDown: rules.default({ stabilizationSeconds: 300, percent: 50, periodSeconds: 60 }),
    /** Field managers that lose the fields that this run sets, such as "kubectl". */
    takeOver: z.array(z.string().min(1).max(128)).max(20).default([]),
  })
  .refine(({ min, max }) => min <= max, { path: ['max'], message: 'less than min' })
  .refine(
    ({ cpuPercent, memoryPercent, requestsPerSecond }) =>
      cpuPercent !== undefined || memoryPercent !== undefined || requestsPerSecond !== undefined,
    { path: ['cpuPercent'], message: 'no metric was given: say by cpuPercent, memoryPercent or requestsPerSecond' },
  );
export type ConfigureAutoscalingInput = z.infer<typeof configureAutoscalingInput>;
