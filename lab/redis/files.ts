/** The configuration files of one Redis server, as text. Pure. */

/** What follows a cache's size and what clients have set. */
export interface RedisSettings {
  /** Bytes. */
  maxmemory: number;
  maxclients: number;
  /** Such as `volatile-lru`. */
  maxmemoryPolicy: string;
  /** Whether it answers without TLS as well, on 6379. */
  plainPort: boolean;
}

export interface RedisKeys {
  primary: string;
  secondary: string;
}

export const redisTlsPort = 6380;
export const redisPort = 6379;
/** The lab's own user, who may what Azure does not let clients do. */
export const labUser = 'lab';

/**
 * What Azure does not let clients do (learn.microsoft.com, "Azure Cache for Redis configuration": Redis commands not supported),
 * less CLUSTER's, which a server outside a cluster refuses by itself.
 */
const blocked = [
  ...['acl', 'bgrewriteaof', 'bgsave', 'config', 'debug', 'failover', 'migrate', 'module'],
  ...['psync', 'replconf', 'replicaof', 'save', 'shutdown', 'slaveof', 'sync'],
];

export function redisConfiguration(server: { address: string; folder: string; settings: RedisSettings }): string {
  const { address, folder, settings } = server;
  return lines({
    bind: address,
    port: settings.plainPort ? redisPort : 0,
    'tls-port': redisTlsPort,
    'tls-cert-file': `${folder}/tls/server.crt`,
    'tls-key-file': `${folder}/tls/server.key`,
    'tls-ca-cert-file': `${folder}/tls/authority.pem`,
    'tls-auth-clients': 'no',
    'tls-protocols': '"TLSv1.2 TLSv1.3"',
    aclfile: `${folder}/users.acl`,
    dir: `${folder}/data`,
    // Nothing is written by itself: what is to last is saved when the server ends (as a failover keeps it on Azure).
    save: '""',
    'shutdown-on-sigterm': 'save',
    maxmemory: settings.maxmemory,
    'maxmemory-policy': settings.maxmemoryPolicy,
    maxclients: settings.maxclients,
    databases: 16,
    daemonize: 'no',
  });
}

/** Access keys are passwords of the default user: both are good at the same time. */
export function redisUsers(keys: RedisKeys, labPassword: string): string {
  const denied = blocked.map((command) => `-${command}`).join(' ');
  return [
    `user default on >${keys.primary} >${keys.secondary} ~* &* +@all ${denied}`,
    `user ${labUser} on >${labPassword} ~* &* +@all`,
    '',
  ].join('\n');
}

function lines(settings: Record<string, string | number>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');
}
