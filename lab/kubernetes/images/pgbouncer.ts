/**
 * `edoburu/pgbouncer`: Debian's PgBouncer. It reads /etc/pgbouncer/pgbouncer.ini, then is told to listen on the pod's
 * address alone, because a pod has no network of its own here.
 */
import { debianFolders, debianProgram } from './debian';
import { type Image, imagePrograms } from './image';

export function pgbouncer(): Image | undefined {
  const server = debianProgram('usr/sbin/pgbouncer', '"$@"');
  if (!server) return undefined;
  return {
    folders: debianFolders(),
    programs: {
      [`${imagePrograms}/pgbouncer`]: `#!/bin/sh\n${server}`,
      [`${imagePrograms}/entrypoint.sh`]: entrypoint,
    },
    environment: {},
    workingDirectory: '/',
    entrypoint: [`${imagePrograms}/entrypoint.sh`],
    arguments: ['pgbouncer', '/etc/pgbouncer/pgbouncer.ini'],
  };
}

/** PgBouncer refuses root, and the last setting counts. */
const entrypoint = `#!/bin/sh
set -e
ini=/tmp/pgbouncer.ini
printf '%%include /etc/pgbouncer/pgbouncer.ini\\n[pgbouncer]\\nlisten_addr = %s\\nunix_socket_dir =\\n' "$POD_ADDRESS" >$ini
chown nobody $ini
exec pgbouncer -u nobody $ini
`;
