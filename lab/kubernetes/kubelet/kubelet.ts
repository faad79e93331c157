import type { Lab } from '../../lab';
import { Api } from '../api/api';
import { ClusterLayout } from '../layout';
import { Nodes } from './nodes';
import { serveReady } from './ready';

export class Kubelet {
  private constructor(private readonly nodes: Nodes) {}

  static async start(lab: Lab): Promise<Kubelet> {
    const layout = new ClusterLayout(lab);
    const api = Api.of(layout, 'kubelet');
    const nodes = new Nodes(api, layout);
    await nodes.start();
    await serveReady(layout.kubeletSocket);
    return new Kubelet(nodes);
  }

  stop(): void {
    this.nodes.stop();
  }
}
