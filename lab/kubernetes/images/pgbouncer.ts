/**
 * `edoburu/pgbouncer`: Debian's PgBouncer, configured by variables as that image is, its manners kept: it writes
 * /etc/pgbouncer/pgbouncer.ini only where there is none, takes what follows the slash of DATABASE_URL as the database's
 * name, question mark and all, decodes no URL, and keeps a password as its MD5 hash unless AUTH_TYPE says otherwise
 * (github.com/edoburu/docker-pgbouncer). Then it is told to listen on the pod's address alone, because a pod has no
 * network of its own here.
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

/** Each is set by the variable of the same name in capitals. */
const settings = [
  'auth_hba_file auth_user auth_query pool_mode max_client_conn default_pool_size min_pool_size reserve_pool_size',
  'reserve_pool_timeout max_db_connections max_user_connections server_round_robin application_name_add_host',
  'log_connections log_disconnections log_pooler_errors log_stats stats_period verbose stats_users server_reset_query',
  'server_reset_query_always server_check_delay server_check_query server_lifetime server_idle_timeout',
  'server_connect_timeout server_login_retry client_login_timeout dns_max_ttl client_tls_sslmode client_tls_key_file',
  'client_tls_cert_file client_tls_ca_file server_tls_sslmode server_tls_ca_file server_tls_protocols query_timeout',
  'query_wait_timeout client_idle_timeout idle_transaction_timeout listen_backlog tcp_keepalive',
];

/**
 * PgBouncer refuses root. What stands behind the file that is included belongs to its last section, where the last setting
 * counts; the section's name once more would set all of it back. A RELOAD reads the file that is included again. Where the lab's user is an ordinary one, there is no other account
 * to give it: then it runs under another number.
 */
const entrypoint = `#!/bin/sh
set -e
folder=/etc/pgbouncer
users=\${AUTH_FILE:-$folder/userlist.txt}
mkdir -p $folder
if [ -n "$DATABASE_URL" ]; then
  rest=\${DATABASE_URL#*://}
  login=\${rest%@*}
  place=\${rest##*@}
  DB_USER=\${login%%:*}
  case $login in *:*) DB_PASSWORD=\${login#*:} ;; esac
  DB_HOST=\${place%%[:/]*}
  case \${place%%/*} in *:*) DB_PORT=\${place#*:} DB_PORT=\${DB_PORT%%/*} ;; esac
  DB_NAME=\${place#*/}
fi
[ -e "$users" ] || : >"$users"
if [ -n "$DB_USER" ] && [ -n "$DB_PASSWORD" ] && ! grep -q "^\\"$DB_USER\\"" "$users"; then
  case $AUTH_TYPE in
    plain | scram-sha-256) secret=$DB_PASSWORD ;;
    *) secret=md5$(printf %s "$DB_PASSWORD$DB_USER" | md5sum | cut -d ' ' -f 1) ;;
  esac
  echo "\\"$DB_USER\\" \\"$secret\\"" >>"$users"
fi
if [ ! -f $folder/pgbouncer.ini ]; then
  {
    echo '[databases]'
    echo "\${DB_NAME:-*} = host=\${DB_HOST:?DB_HOST or DATABASE_URL must be set} port=\${DB_PORT:-5432} auth_user=\${DB_USER:-postgres}"
    echo '[pgbouncer]'
    echo "listen_port = \${LISTEN_PORT:-5432}"
    echo "auth_file = $users"
    echo "auth_type = \${AUTH_TYPE:-md5}"
    echo "admin_users = \${ADMIN_USERS:-postgres}"
    echo "ignore_startup_parameters = \${IGNORE_STARTUP_PARAMETERS:-extra_float_digits}"
    for setting in ${settings.join(' ')}; do
      eval "value=\\$$(echo $setting | tr a-z A-Z)"
      [ -z "$value" ] || echo "$setting = $value"
    done
  } >$folder/pgbouncer.ini
fi
case $(grep '^\\[' $folder/pgbouncer.ini | tail -1) in
  '[pgbouncer]'*) ;;
  *) echo "$folder/pgbouncer.ini: [pgbouncer] must be its last section here, to be told the pod's address" >&2; exit 1 ;;
esac
ini=/tmp/pgbouncer.ini
printf '%%include %s\\nlisten_addr = %s\\nunix_socket_dir =\\n' $folder/pgbouncer.ini "$POD_ADDRESS" >$ini
chown nobody $ini 2>/dev/null && exec pgbouncer -u nobody $ini
exec unshare --user --map-user=65534 --map-group=65534 pgbouncer $ini
`;
