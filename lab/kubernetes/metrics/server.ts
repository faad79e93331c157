/** The server behind the two aggregated metrics APIs, and their registration with the API server. */
import type { Server } from 'node:https';
import type { Authority } from '../../authority/authority';
import type { Api } from '../api/api';
import { serveApiServer } from '../kubelet/tls-server';
import { type ClusterLayout, clusterPorts, nodes } from '../layout';
import { customGroup, customMetrics } from './custom-metrics';
import type { ScrapedPod } from './pod-scraper';
import { group, type PodUsage, resourceMetrics } from './resource-metrics';

export interface MetricsSources {
  usage: () => PodUsage[];
  scraped: () => ScrapedPod[];
}

const service = { name: 'lab-metrics', namespace: 'kube-system' };
const missing = {
  ...{ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
  message: 'not found',
};

export async function serveMetrics(
  layout: ClusterLayout,
  authority: Authority,
  api: Api,
  { usage, scraped }: MetricsSources,
): Promise<Server> {
  const place = { host: layout.host, port: clusterPorts.metrics };
  const names = nodes.map(({ name }) => name);
  const server = await serveApiServer(place, layout, authority, (request, response) => {
    const { pathname: encoded, searchParams } = new URL(request.url ?? '/', 'https://metrics');
    // The autoscaler writes the star as %2A.
    const pathname = decodeURIComponent(encoded);
    const selector = searchParams.get('labelSelector');
    const found = resourceMetrics(pathname, selector, usage(), names) ?? customMetrics(pathname, selector, scraped());
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? missing));
  });
  await registerService(layout, api);
  await Promise.all([group, customGroup].map((each) => registerGroup(each, api)));
  return server;
}

/** A Service that leads outside is how an API server is told of an address; its certificate is of that address, not of the name asked for. */
async function registerService(layout: ClusterLayout, api: Api): Promise<void> {
  const { name, namespace } = service;
  await api.apply(`/api/v1/namespaces/${namespace}/services/${name}`, {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: service },
    spec: { type: 'ExternalName', externalName: layout.host, ports: [{ port: clusterPorts.metrics, protocol: 'TCP' }] },
  });
}

async function registerGroup(apiGroup: string, api: Api): Promise<void> {
  await api.apply(`/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.${apiGroup}`, {
    ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `v1beta1.${apiGroup}` } },
    spec: {
      ...{ group: apiGroup, version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100 },
      ...{ insecureSkipTLSVerify: true, service: { ...service, port: clusterPorts.metrics } },
    },
  });
}
