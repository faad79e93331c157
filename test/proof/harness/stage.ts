/**
 * Where cases are played: one lab, whose Temporal server, Azure Resource Manager and PostgreSQL servers are shared, in
 * which every case has servers of its own. This process is Azure, so that it sees each request before it is answered.
 */
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { servicePorts } from '../../../lab/addresses/network';
import { Authority } from '../../../lab/authority/authority';
import { createResourceManager, type LoggedRequest, type ResourceManager } from '../../../lab/azure';
import { LabServers } from '../../../lab/daemon/server-factory';
import { type Lab, production } from '../../../lab/lab';
import { Temporal } from '../../../lab/temporal/temporal';
import { makeScratchLab, removeScratchLab } from '../../lab/scratch-lab';

/** What Azure's minutes are divided by: a change of size takes half a second, and its poll's pace is the shortest there is. */
const timeFactor = 720;

/** Called before a request is answered. */
export type Listener = (request: LoggedRequest) => void;

export class Stage {
  private readonly listeners = new Map<string, Listener>();

  private constructor(
    readonly lab: Lab,
    readonly resourceManager: ResourceManager,
    private readonly identity: Server,
    readonly temporal: Temporal,
    readonly client: Client,
    listeners: Map<string, Listener>,
    readonly warnings: string[],
  ) {
    this.listeners = listeners;
  }

  static async start(): Promise<Stage> {
    const lab = await makeScratchLab();
    await mkdir(lab.secretsFolder, { recursive: true });
    const authority = await Authority.open(lab.authorityFolder);
    const host = lab.network.services;
    const listeners = new Map<string, Listener>();
    const warnings: string[] = [];
    const resourceManager: ResourceManager = createResourceManager({
      ...{ host, port: servicePorts.resourceManager, ...(await authority.issue([host])) },
      ...{ subscriptionId: production.subscriptionId, resourceGroup: production.resourceGroup },
      ...{ location: production.location, timeFactor, memoryFactor: 64, folder: lab.path('azure') },
      servers: new LabServers(lab, authority),
      // A token is its owner's name, so that a request tells whose it is before it is answered.
      isTokenValid: (token) => {
        const listener = listeners.get(token);
        listener?.(resourceManager.requests().at(-1)!);
        return listener !== undefined || token === 'lab';
      },
      warn: (text) => warnings.push(text),
    });
    await resourceManager.listen();
    const identity = identityEndpoint().listen(servicePorts.identity, host);
    const temporal = new Temporal(lab);
    await Promise.all([once(identity, 'listening'), temporal.start()]);
    const connection = await Connection.connect({ address: lab.temporalAddress });
    return new Stage(lab, resourceManager, identity, temporal, new Client({ connection }), listeners, warnings);
  }

  async stop(): Promise<void> {
    this.identity.close();
    this.identity.closeAllConnections();
    await this.client.connection.close();
    await this.resourceManager.close();
    await removeScratchLab(this.lab);
  }

  /** Every request with that token from now on. */
  listen(token: string, listener: Listener): void {
    this.listeners.set(token, listener);
  }
}

/** As App Service's managed identity, but the token is the name that the asker has as IDENTITY_HEADER. */
function identityEndpoint(): Server {
  return createServer((request, response) => {
    const token = String(request.headers['x-identity-header']);
    const expires = Math.floor(Date.now() / 1000) + 86_400;
    const resource = new URL(request.url ?? '/', 'http://identity').searchParams.get('resource');
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access_token: token, expires_on: String(expires), resource, token_type: 'Bearer' }));
  });
}
