/**
 * Who may do what in the cluster, made once for each lab:
 *
 * - tokens of the control plane's own users and of an administrator, in a token file and in kubeconfig files;
 * - the API server's certificate, from the lab's authority;
 * - the certificate by which kubelets and metrics APIs know the API server, signed by itself: it is trusted for that alone;
 * - the key pair that signs ServiceAccount tokens.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import type { Authority } from '../../authority/authority';
import type { ClusterLayout } from '../layout';
import { selfSignedClient } from './client-certificate';

const users = {
  admin: { user: 'lab-admin', group: 'system:masters' },
  kubelet: { user: 'lab-kubelet', group: 'system:masters' },
  'controller-manager': { user: 'system:kube-controller-manager' },
  scheduler: { user: 'system:kube-scheduler' },
} as const;
export type ClusterUser = keyof typeof users;

/** File names; all are in the cluster's folder. */
export const credentialFiles = {
  tokens: 'tokens.csv',
  apiServerCertificate: 'apiserver.crt',
  apiServerKey: 'apiserver.key',
  apiServerClientCertificate: 'apiserver-client.crt',
  apiServerClientKey: 'apiserver-client.key',
  serviceAccountKey: 'service-account.key',
  serviceAccountPublicKey: 'service-account.pub',
} as const;

export function kubeconfigFile(layout: ClusterLayout, user: ClusterUser): string {
  return user === 'admin' ? layout.kubeconfig : layout.path(`${user}.kubeconfig`);
}

/** Writes what is missing. */
export async function writeCredentials(layout: ClusterLayout, authority: Authority): Promise<void> {
  if (existsSync(layout.path(credentialFiles.tokens))) return;
  await mkdir(layout.path(), { recursive: true });
  const secret = (name: string, content: string) => writeFile(layout.path(name), content, { mode: 0o600 });

  const server = await authority.issue([
    ...[layout.host, 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
    ...['kubernetes.default.svc.cluster.local', layout.firstServiceAddress],
  ]);
  await secret(credentialFiles.apiServerCertificate, server.certificate);
  await secret(credentialFiles.apiServerKey, server.key);

  const client = await selfSignedClient('kube-apiserver');
  await secret(credentialFiles.apiServerClientCertificate, client.certificate);
  await secret(credentialFiles.apiServerClientKey, client.key);

  const signer = generateKeyPairSync('rsa', {
    ...{ modulusLength: 2048 },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await secret(credentialFiles.serviceAccountKey, signer.privateKey);
  await secret(credentialFiles.serviceAccountPublicKey, signer.publicKey);

  const lines: string[] = [];
  for (const [name, { user, ...rest }] of Object.entries(users)) {
    const token = randomBytes(24).toString('base64url');
    lines.push([token, user, name, ...('group' in rest ? [`"${rest.group}"`] : [])].join(','));
    const file = kubeconfigFile(layout, name as ClusterUser);
    await writeFile(file, kubeconfig(layout.apiServer, authority.certificate, token), { mode: 0o600 });
  }
  // Last: where it is, all is.
  await secret(credentialFiles.tokens, lines.join('\n') + '\n');
}

/** What a client needs of a kubeconfig file of ours. */
export function readKubeconfig(file: string): { server: string; certificateAuthority: string; token: string } {
  const text = readFileSync(file, 'utf8');
  const field = (name: string) => new RegExp(`^ *${name}: (.*)$`, 'm').exec(text)![1]!;
  return {
    server: field('server'),
    certificateAuthority: Buffer.from(field('certificate-authority-data'), 'base64').toString(),
    token: field('token'),
  };
}

function kubeconfig(server: string, authority: string, token: string): string {
  return `apiVersion: v1
kind: Config
current-context: lab
clusters:
  - name: lab
    cluster:
      server: ${server}
      certificate-authority-data: ${Buffer.from(authority).toString('base64')}
users:
  - name: lab
    user:
      token: ${token}
contexts:
  - name: lab
    context:
      cluster: lab
      user: lab
`;
}
