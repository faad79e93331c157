import { key, stateOfServers, type Subject } from '../subjects/subject';

export const tuneQueriesSubject: Subject = {
  runbook: 'tuneQueries',
  variants: [
    {
      name: 'two parameters',
      before: ({ servers }) => servers.make(),
      input: ({ servers }) => ({ server: servers.primary, work_mem: '8192', random_page_cost: '1.5' }),
      changes: ({ servers }) => ({
        [key(servers, servers.primary, 'SQL work_mem')]: '8192',
        [key(servers, servers.primary, 'SQL random_page_cost')]: '1.5',
      }),
    },
  ],
  state: stateOfServers,
};
