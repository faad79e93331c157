/**
 * The images that the cluster knows. Any other one cannot be pulled, as in a registry that does not have it. The services
 * have tags that were never meant to be pushed: `crash` ends right after its start, `unready` never takes a request, and
 * an `idle` worker takes no job.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, program } from '../../cache';
import { repository } from '../../lab';
import { type Image, imagePrograms, parseReference } from './image';
import { pgbouncer } from './pgbouncer';
import { redis, valkey } from './redis';

interface Entry {
  /** Tags that were pushed. */
  tags: RegExp;
  image: (tag: string) => Image | undefined;
}

/** `1`, `v1.4.2`, `1.4.2-rc.1`, `latest`. */
const versions = /^(v?\d+(\.\d+){0,2}(-[\w.]+)?|latest)$/;

const serviceVersions = new RegExp(`${versions.source}|^(crash|unready)$`);
const workerVersions = new RegExp(`${serviceVersions.source}|^idle$`);

const entries: Record<string, Entry> = {
  'broxiva/api': { tags: serviceVersions, image: (tag) => service('api', tag) },
  'broxiva/web': { tags: serviceVersions, image: (tag) => service('web', tag) },
  'broxiva/worker': { tags: workerVersions, image: (tag) => service('worker', tag) },
  'broxiva/durable-runbooks': { tags: versions, image: own },
  busybox: { tags: versions, image: () => shell },
  redis: { tags: /^7(\.\d+){0,2}(-alpine)?$/, image: redis },
  'valkey/valkey': { tags: /^9(\.\d+){0,2}(-alpine(\d+\.\d+)?|-[a-z]+)?$/, image: valkey },
  'edoburu/pgbouncer': { tags: versions, image: pgbouncer },
};

/** Undefined when it cannot be pulled. */
export function findImage(reference: string): Image | undefined {
  const { name, tag } = parseReference(reference);
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  return entry?.tags.test(tag) ? entry.image(tag) : undefined;
}

/** The machine's own shell and tools. */
const shell: Image = {
  ...{ folders: {}, programs: {}, environment: {} },
  ...{ workingDirectory: '/', entrypoint: [], arguments: ['sh'] },
};

/** Long enough for it to have been seen running. */
const crash: Image = {
  ...shell,
  arguments: ['sh', '-c', 'echo "fatal: the configuration is not valid" >&2; sleep 1; exit 1'],
};

/** A service of this repository, as its build left it. */
function service(name: string, tag: string): Image | undefined {
  if (tag === 'crash') return crash;
  const built = join(repository, 'dist', 'lab', 'kubernetes', 'images', 'services');
  if (!existsSync(join(built, name, 'main.js'))) return undefined;
  return {
    ...withNode({ '/app/services': built, '/app/node_modules': join(repository, 'node_modules') }),
    environment: {
      NODE_ENV: 'production',
      ...(tag === 'unready' && { WARM_UP: 'never' }),
      ...(tag === 'idle' && { TAKES_JOBS: 'no' }),
    },
    ...{ workingDirectory: '/app', entrypoint: [], arguments: ['node', `services/${name}/main.js`] },
  };
}

/** This repository's own image (deploy/Dockerfile), as its build left it. */
function own(): Image | undefined {
  const built = join(repository, 'dist');
  if (!existsSync(join(built, 'sidecar', 'main.js'))) return undefined;
  return {
    ...withNode({ '/app/dist': built, '/app/node_modules': join(repository, 'node_modules') }),
    environment: { NODE_ENV: 'production' },
    ...{ workingDirectory: '/app', entrypoint: [], arguments: ['node', 'dist/worker/main.js'] },
  };
}

function withNode(folders: Record<string, string>): Pick<Image, 'folders' | 'programs'> {
  const tools = realpathSync(join(cacheFolder(), 'tools'));
  return {
    folders: { ...folders, [tools]: tools },
    programs: {
      [`${imagePrograms}/node`]: `#!/bin/sh\nexec ${node()} "$@"\n`,
      [`${imagePrograms}/npm`]: npm,
    },
  };
}

/** By its real path: the cache's `bin` is not in the container. */
function node(): string {
  return existsSync(program('node')) ? realpathSync(program('node')) : process.execPath;
}

/** The one script that operators run: `npm run queue:status`. */
const npm = `#!/bin/sh
if [ "$1 $2" = "run queue:status" ]; then exec node /app/services/api/queue-status.js; fi
echo "npm error Missing script: \\"$2\\"" >&2
exit 1
`;
