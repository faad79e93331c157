import { key, stateOfServers, type Subject } from '../subjects/subject';

export const tuneQueriesSubject: Subject = {
  runbook: 'tuneQueries',
  variants: [
    {
      name: 'two parameters',
      before: (place) => place.makeServers(),
      input: (place) => ({ server: place.primary, work_mem: '8192', random_page_cost: '1.5' }),
      changes: (place) => ({
        [key(place, place.primary, 'SQL work_mem')]: '8192',
        [key(place, place.primary, 'SQL random_page_cost')]: '1.5',
      }),
    },
  ],
  state: stateOfServers,
};
