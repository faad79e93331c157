/**
 * `redis:7-alpine`: Debian's redis-server and redis-cli. `valkey/valkey:9`: a valkey-server (`make valkey`) with that redis-cli, under
 * the names that this image has for both. A pod has no network of its own here, only an address, so the server is told to listen on
 * the pod's address alone and the client to look for it there.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { program } from '../../cache';
import { debianFolders, debianProgram } from './debian';
import { type Image, imagePrograms } from './image';

/** The last word counts: a pod's own `--bind` would be one of all addresses. */
const onPod = '"$@" --bind "$POD_ADDRESS" --cluster-announce-ip "$POD_ADDRESS" --protected-mode no';

export function redis(): Image | undefined {
  return image(debianProgram('usr/bin/redis-server', onPod), ['redis'], {});
}

export function valkey(): Image | undefined {
  const server = program('valkey-server');
  if (!existsSync(server)) return undefined;
  // By its real path: the cache's `bin` is not in the container.
  const file = realpathSync(server);
  const folder = dirname(file);
  return image(`exec ${file} ${onPod}\n`, ['valkey', 'redis'], { [folder]: folder });
}

function image(server: string | undefined, names: string[], folders: Record<string, string>): Image | undefined {
  const client = debianProgram('usr/bin/redis-cli', '-h "$POD_ADDRESS" "$@"');
  if (!server || !client) return undefined;
  return {
    folders: { ...debianFolders(), ...folders },
    programs: Object.fromEntries(
      names.flatMap((name) => [
        [`${imagePrograms}/${name}-server`, `#!/bin/sh\n${server}`],
        [`${imagePrograms}/${name}-cli`, `#!/bin/sh\n${client}`],
      ]),
    ),
    ...{ environment: {}, workingDirectory: '/data', entrypoint: [], arguments: [`${names[0]!}-server`] },
  };
}
