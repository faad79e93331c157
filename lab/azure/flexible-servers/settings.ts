/** The PostgreSQL settings that a server has by its size and by what clients have set. Pure. */
import { isOwn } from '../configurations/own';
import { memorySettings } from '../skus';
import type { FlexibleServer } from './record';
import { skuOf } from './rules';

export function settingsOf(server: FlexibleServer, memoryFactor: number): Record<string, string> {
  const overrides = Object.entries(server.configuration)
    .filter(([name]) => !isOwn(name))
    .map(([name, override]) => [name, override.value]);
  return {
    max_connections: String(server.maxConnections),
    ...memorySettings(skuOf(server), memoryFactor),
    ...(Object.fromEntries(overrides) as Record<string, string>),
  };
}
