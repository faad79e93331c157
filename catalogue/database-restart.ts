import { z } from 'zod';
import { resourceName, runInput } from './run-input';

const parameterName = z
  .string()
  .regex(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,99}$/, 'the name of a server parameter, such as max_connections');

/** Input of `databaseRestart`: at least one parameter, or `restart: true`. */
export const databaseRestartInput = runInput
  .extend({
    /** A PostgreSQL flexible server; the topology's primary where absent. */
    server: resourceName.optional(),
    /** Server parameters by name, as Azure writes their values; true and false stand for on and off. */
    parameters: z
      .record(parameterName, z.union([z.string().max(1000), z.number(), z.boolean()]))
      .refine((given) => Object.keys(given).length <= 20, 'at most 20 parameters: change the others in another run')
      .default({}),
    /** Also where no parameter needs it. */
    restart: z.boolean().default(false),
  })
  .refine((input) => input.restart || Object.keys(input.parameters).length > 0, {
    path: ['parameters'],
    message: 'neither a parameter nor restart was given: say what to change',
  });
export type DatabaseRestartInput = z.infer<typeof databaseRestartInput>;
