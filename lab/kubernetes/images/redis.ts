/**
 * `redis:7-alpine`: Debian's redis-server and redis-cli. A pod has no network of its own here, only an address, so the
 * server is told to listen on the pod's address alone and the client to look for it there.
 */
import { debianFolders, debianProgram } from './debian';
import { type Image, imagePrograms } from './image';

export function redis(): Image | undefined {
  // The last word counts: a pod's own `--bind` would be one of all addresses.
  const server = debianProgram(
    'usr/bin/redis-server',
    '"$@" --bind "$POD_ADDRESS" --cluster-announce-ip "$POD_ADDRESS" --protected-mode no',
  );
  const client = debianProgram('usr/bin/redis-cli', '-h "$POD_ADDRESS" "$@"');
  if (!server || !client) return undefined;
  return {
    folders: debianFolders(),
    programs: {
      [`${imagePrograms}/redis-server`]: `#!/bin/sh\n${server}`,
      [`${imagePrograms}/redis-cli`]: `#!/bin/sh\n${client}`,
    },
    ...{ environment: {}, workingDirectory: '/data', entrypoint: [], arguments: ['redis-server'] },
  };
}
