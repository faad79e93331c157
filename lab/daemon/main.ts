/** The daemon's process: `main.js <lab>`. Ends on SIGTERM; tells what went wrong in its log. */
import { Lab } from '../lab';
import { Daemon } from './daemon';

async function main(name: string): Promise<void> {
  const lab = Lab.find(name);
  if (!lab) throw new Error(`there is no lab "${name}"`);
  const daemon = await Daemon.start(lab);
  console.log(`${new Date().toISOString()} ready`);
  process.once('SIGTERM', () => {
    void daemon.stop().finally(() => process.exit(0));
  });
}

main(process.argv[2] ?? 'default').catch((error: Error) => {
  console.error(`${new Date().toISOString()} ${error.stack ?? error.message}`);
  process.exit(1);
});
