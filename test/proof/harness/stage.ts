/**
 * Where cases are played: one lab, whose Temporal server, Azure Resource Manager, PostgreSQL servers and, where it is wanted,
 * Kubernetes cluster are shared, in which every case has servers, every player a namespace of its own. This process is Azure,
 * so that it sees each request before it is answered.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request } from 'node:https';
import { Client, Connection } from '@temporalio/client';
import { servicePorts } from '../../../lab/addresses/network';
import { Authority } from '../../../lab/authority/authority';
import { createResourceManager, type ResourceManager } from '../../../lab/azure';
import { LabCaches } from '../../../lab/daemon/cache-factory';
import { LabServers } from '../../../lab/daemon/server-factory';
import { type Lab, production } from '../../../lab/lab';
import { Temporal } from '../../../lab/temporal/temporal';
import { makeScratchLab, removeScratchLab } from '../../lab/scratch-lab';
import { StageCluster } from '../kubernetes/stage-cluster';
import { arrivalAtAzure } from '../systems/azure';
import type { Arrival } from './request';

/** What Azure's minutes are divided by: a change of size takes half a second, and its poll's pace is the shortest there is. */
const timeFactor = 720;

/** Called before a request to Azure is answered. */
export type Listener = (arrival: Arrival) => void;

export interface StageOptions {
  /** Its start takes seconds, and its processes 800 MB. */
  cluster?: boolean;
}

export class Stage {
  private constructor(
    readonly lab: Lab,
    readonly resourceManager: ResourceManager,
    private readonly identity: Server,
    readonly temporal: Temporal,
    readonly client: Client,
    private readonly listeners: Map<string, Listener>,
    readonly warnings: string[],
    readonly cluster: StageCluster | undefined,
  ) {}

  static async start({ cluster = false }: StageOptions = {}): Promise<Stage> {
    const lab = await makeScratchLab({ kubernetes: cluster });
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
      caches: new LabCaches(lab, authority),
      // A token is its owner's name, so that a request tells whose it is before it is answered.
      isTokenValid: (token) => {
        const listener = listeners.get(token);
        listener?.(arrivalAtAzure(resourceManager.requests().at(-1)!));
        return listener !== undefined || token === 'lab';
      },
      warn: (text) => warnings.push(text),
    });
    await resourceManager.listen();
    const identity = identityEndpoint().listen(servicePorts.identity, host);
    const temporal = new Temporal(lab);
    const starting = cluster ? StageCluster.start(lab) : undefined;
    try {
      await Promise.all([once(identity, 'listening'), temporal.start(), starting]);
    } catch (error) {
      await resourceManager.close();
      await removeScratchLab(lab);
      throw error;
    }
    const connection = await Connection.connect({ address: lab.temporalAddress });
    const client = new Client({ connection });
    return new Stage(lab, resourceManager, identity, temporal, client, listeners, warnings, await starting);
  }

  async stop(): Promise<void> {
    this.identity.close();
    this.identity.closeAllConnections();
    await this.client.connection.close();
    await this.resourceManager.close();
    await this.cluster?.stop();
    await removeScratchLab(this.lab);
  }

  /** One request to ARM that is nobody's run. Throws unless it is answered 2xx. */
  async azure(method: string, path: string, query = 'api-version=2025-08-01'): Promise<unknown> {
    const url = new URL(`${this.lab.resourceManager}${path}?${query}`);
    const headers = { authorization: 'Bearer lab' };
    const asked = request(url, { method, ca: readFileSync(this.lab.authorityFile), agent: false, headers });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    await once(response, 'end');
    if (response.statusCode! >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** Every request to Azure with that token from now on. */
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
