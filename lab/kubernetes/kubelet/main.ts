/** The kubelets' process: `main.js <lab>`. Ends on SIGTERM and leaves the containers to its successor. */
import { Lab } from '../../lab';
import { ClusterLayout } from '../layout';
import { Kubelet } from './kubelet';
import { serveReady } from './ready';

async function main(name: string): Promise<void> {
  const lab = Lab.find(name);
  if (!lab) throw new Error(`there is no lab "${name}"`);
  const kubelet = await Kubelet.start(lab);
  await serveReady(new ClusterLayout(lab).kubeletSocket);
  console.log(`${new Date().toISOString()} ready`);
  process.once('SIGTERM', () => {
    kubelet.stop();
    process.exit(0);
  });
}

main(process.argv[2] ?? 'default').catch((error: Error) => {
  console.error(`${new Date().toISOString()} ${error.stack ?? error.message}`);
  process.exit(1);
});
