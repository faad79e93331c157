import { z } from 'zod';
import type { RunbookEntry } from '../../../catalogue';
import { resourceName, runInput } from '../../../catalogue/run-input';

export const tuneQueriesInput = runInput.extend({
  server: resourceName,
  /** kB, as ARM writes it. */
  work_mem: z.string().regex(/^\d{1,7}$/),
  random_page_cost: z.string().regex(/^\d(\.\d{1,2})?$/),
});
export type TuneQueriesInput = z.infer<typeof tuneQueriesInput>;

export const tuneQueries: RunbookEntry = {
  name: 'tuneQueries',
  title: 'Tune queries',
  summary: 'Sets two parameters of a server, one after the other.',
  risk: 'Plans of queries change.',
  input: tuneQueriesInput,
  subject: ({ server }) => String(server),
  example: { work_mem: '8192', random_page_cost: '1.5' },
};
