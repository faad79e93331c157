/** Azure Resource Manager of a lab, asked as anybody may who has the rights. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { type Lab, production } from './lab';

/** As far as the lab's own commands ask for it. */
export interface FlexibleServer {
  id: string;
  location: string;
  sku: { name: string; tier: string };
  properties: {
    state: string;
    replicationRole: string;
    fullyQualifiedDomainName: string;
    storage: { storageSizeGB: number };
  };
}

/** `server`: its name. Throws for any answer but a 2xx; resolves to undefined where it has no body. */
export async function askAboutServer<Body = FlexibleServer>(
  lab: Lab,
  method: 'GET' | 'PUT' | 'PATCH',
  server: string,
  body?: object,
): Promise<Body> {
  const { subscriptionId, resourceGroup } = production;
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}?api-version=2025-08-01`;
  const headers = { authorization: 'Bearer lab', 'content-type': 'application/json' };
  const asked = request(lab.resourceManager + path, { method, headers, ca: readFileSync(lab.authorityFile) });
  asked.end(body && JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const said = await text(answer);
  if (answer.statusCode! >= 300)
    throw new Error(`Azure answers ${answer.statusCode} to ${method} of ${server}: ${said.slice(0, 300)}`);
  return (said === '' ? undefined : JSON.parse(said)) as Body;
}
