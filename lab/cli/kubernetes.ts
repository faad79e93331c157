/** `lab kubernetes`: what can go wrong in the cluster, made on purpose. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Competition } from '../kubernetes/faults/competitor';
import { ClusterFaults } from '../kubernetes/faults/faults';
import { type BrokenImage, brokenImages } from '../kubernetes/images/registry';
import { productionNamespace } from '../kubernetes/layout';
import type { Lab } from '../lab';
import { printJson } from './output';

const competeSeconds = 60;

export function addKubernetesCommands(program: Command, theLab: () => Lab, number: (text: string) => number): void {
  const kubernetes = program
    .command('kubernetes')
    .description('what can go wrong in the cluster')
    .addOption(new Option('-n, --namespace <name>', 'where').default(productionNamespace));
  /** What was done, as a line or as JSON. */
  const act = async (work: (faults: ClusterFaults) => Promise<string> | string) => {
    const faults = new ClusterFaults(theLab(), kubernetes.opts<{ namespace: string }>().namespace);
    try {
      const done = await work(faults);
      if (program.opts<{ json?: boolean }>().json) printJson({ done });
      else console.log(done);
    } finally {
      faults.close();
    }
  };

  addApiServerCommands(kubernetes, act, number);
  addImageCommands(kubernetes, act);
  kubernetes
    .command('limit-pods')
    .description('a ResourceQuota: no more pods than this (default: than there are)')
    .argument('[pods]', 'how many', number)
    .action((pods?: number) => act(async (faults) => `no more than ${await faults.limitPods(pods)} pods`));
  kubernetes
    .command('unlimit-pods')
    .description('takes that ResourceQuota away')
    .action(() => act(async (faults) => faults.unlimitPods().then(() => 'as many pods as there is room for')));
  kubernetes
    .command('compete')
    .description('another manager writes the same field every second')
    .argument('<object>', 'deployment/<name> (its replicas) or hpa/<name> (its minReplicas)', competitionTarget)
    .argument('<value>', 'what it writes', number)
    .addOption(new Option('--seconds <seconds>', 'for how long').argParser(number).default(competeSeconds))
    .action((target: (value: number) => Competition, value: number, { seconds }: { seconds: number }) =>
      act(async (faults) => {
        const competitor = await faults.compete(target(value));
        await sleep(seconds * 1000);
        await competitor.stop();
        return `written ${competitor.writes} times`;
      }),
    );
  kubernetes
    .command('delete-autoscaler')
    .description('the HPA is gone')
    .argument('[name]', 'which', 'broxiva-api-hpa')
    .action((name: string) => act(async (faults) => faults.deleteAutoscaler(name).then(() => `${name} is gone`)));
  kubernetes
    .command('kill-pod')
    .description("SIGKILL to the first process of a pod's containers")
    .argument('<pod>', 'its name')
    .action((name: string) => act(async (faults) => faults.killPod(name).then(() => `${name} was killed`)));
  kubernetes
    .command('freeze-pod')
    .description("SIGSTOP to the first process of a pod's containers, and SIGCONT when the time is over")
    .argument('<pod>', 'its name')
    .argument('<seconds>', 'how long', number)
    .action((name: string, seconds: number) =>
      act(async (faults) => faults.freezePod(name, seconds).then(() => `${name} goes on`)),
    );
}

type Act = (work: (faults: ClusterFaults) => Promise<string> | string) => Promise<void>;

function addApiServerCommands(kubernetes: Command, act: Act, number: (text: string) => number): void {
  const server = kubernetes.command('api-server').description('the API server, which is killed');
  server
    .command('down')
    .description('SIGKILL, and a start when the time is over')
    .argument('<seconds>', 'how long', number)
    .action((seconds: number) =>
      act(async (faults) => faults.apiServerDown(seconds).then(() => 'the API server is ready again')),
    );
  server
    .command('kill')
    .description('SIGKILL')
    .action(() => act(async (faults) => faults.killApiServer().then(() => 'the API server was killed')));
  server
    .command('start')
    .description('starts it, if it does not run')
    .action(() => act(async (faults) => faults.startApiServer().then(() => 'the API server is ready')));
}

function addImageCommands(kubernetes: Command, act: Act): void {
  kubernetes
    .command('push')
    .description('a broken image in the place of a good one, for each container that is started from now on')
    .argument('<image>', 'such as broxiva/api:1.0.0')
    .argument(
      '<broken>',
      `${brokenImages.join(', ')}: it ends, never becomes ready, takes no job, cannot be pulled`,
      brokenImage,
    )
    .action((image: string, broken: BrokenImage) =>
      act((faults) => {
        faults.pushImage(image, broken);
        return `${image}: ${broken}`;
      }),
    );
  kubernetes
    .command('restore-images')
    .description('every image is good again')
    .action(() =>
      act((faults) => {
        faults.restoreImages();
        return 'every image is good';
      }),
    );
}

function brokenImage(text: string): BrokenImage {
  const found = brokenImages.find((each) => each === text);
  if (!found) throw new InvalidArgumentError(`one of ${brokenImages.join(', ')} is needed.`);
  return found;
}

function competitionTarget(text: string): (value: number) => Competition {
  const [, kind, name] = /^(deployment|hpa)\/(.+)$/.exec(text) ?? [];
  if (!name) throw new InvalidArgumentError('deployment/<name> or hpa/<name> is needed.');
  return (value) => (kind === 'hpa' ? { autoscaler: name, minReplicas: value } : { deployment: name, replicas: value });
}
