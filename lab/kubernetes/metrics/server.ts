/** The server behind the aggregated metrics API, and its registration with the API server. */
import type { Server } from 'node:https';
import type { Authority } from '../../authority/authority';
import type { Api } from '../api/api';
import { serveApiServer } from '../kubelet/tls-server';
import { type ClusterLayout, clusterPorts, nodes } from '../layout';
import { group, type PodUsage, resourceMetrics } from './resource-metrics';

const service = { name: 'lab-metrics', namespace: 'kube-system' };

export async function serveMetrics(
  layout: ClusterLayout,
  authority: Authority,
  api: Api,
  usage: () => PodUsage[],
): Promise<Server> {
  const place = { host: layout.host, port: clusterPorts.metrics };
  const server = await serveApiServer(place, layout, authority, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'https://metrics');
    const names = nodes.map(({ name }) => name);
    const found = resourceMetrics(pathname, searchParams.get('labelSelector'), usage(), names);
    const missing = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'NotFound',
      code: 404,
      message: 'not found',
    };
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? missing));
  });
  await register(layout, api);
  return server;
}

/** A Service that leads outside is how an API server is told of an address; its certificate is of that address, not of the name asked for. */
async function register(layout: ClusterLayout, api: Api): Promise<void> {
  const { name, namespace } = service;
  await api.apply(`/api/v1/namespaces/${namespace}/services/${name}`, {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: service },
    spec: { type: 'ExternalName', externalName: layout.host, ports: [{ port: clusterPorts.metrics, protocol: 'TCP' }] },
  });
  await api.apply(`/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.${group}`, {
    ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `v1beta1.${group}` } },
    spec: {
      ...{ group, version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true },
      service: { name, namespace, port: clusterPorts.metrics },
    },
  });
}
