/**
 * Goal: docker-compose.yml and deploy/Dockerfile keep to what makes them safe to leave running.
 * Method: both are parsed; no Docker is needed. That the stack comes up is not shown here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { searchAttributes } from '../../catalogue';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  environment?: Record<string, string | null>;
  command?: string[];
  ports?: string[];
  restart?: string;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

const read = (path: string) => readFileSync(join(__dirname, '../..', path), 'utf8');
const compose = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const dockerfile = read('deploy/Dockerfile');
const oneShots = ['schema', 'namespace'];
const exactVersion = /:\d+\.\d+(\.\d+)?(-[\w.]+)?$/;

describe('docker-compose.yml', () => {
  test('its services are the database, Temporal with its UI, the worker, and what prepares them', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      ['database', 'namespace', 'schema', 'temporal', 'ui', 'worker'].sort(),
    );
  });

  test.each(services)('%s runs an exact version, or is built here', (_name, { image, build }) => {
    if (build) expect(build).toEqual({ context: '.', dockerfile: 'deploy/Dockerfile' });
    else expect(image).toMatch(exactVersion);
  });

  test.each(services)('%s is restarted, and says whether it is well', (name, service) => {
    if (oneShots.includes(name)) {
      expect(service.restart).toMatch(/^on-failure:\d+$/);
    } else {
      expect(service.restart).toBe('unless-stopped');
      if (service.build) expect(dockerfile).toMatch(/^HEALTHCHECK /m);
      else expect(service.healthcheck?.test[0]).toBe('CMD');
    }
  });

  test.each(services)('%s waits until what it needs is well, or done', (_name, { depends_on: needs = {} }) => {
    for (const [needed, { condition }] of Object.entries(needs)) {
      expect(compose.services[needed]).toBeDefined();
      expect(condition).toBe(oneShots.includes(needed) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  test.each(services)('%s holds no secret: each is taken from the environment', (_name, { environment = {} }) => {
    for (const [variable, value] of Object.entries(environment)) {
      if (/PASSWORD|PWD|SECRET|TOKEN|_URL$/.test(variable)) expect(value ?? '${').toMatch(/^\$\{/);
    }
  });

  test.each(services)('%s is reached from this machine only', (_name, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('every search attribute that runs set is registered, with its type', () => {
    const script = compose.services.namespace!.command!.join('\n');
    const registered = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [name, type]);
    const types = { KEYWORD: 'Keyword', KEYWORD_LIST: 'KeywordList' };
    expect(registered).toEqual(Object.entries(searchAttributes).map(([name, type]) => [name, types[type]]));
  });
});

describe('deploy/Dockerfile', () => {
  test('both stages start from one exact version of Node.js', () => {
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(images).toHaveLength(2);
    expect(new Set(images).size).toBe(1);
    expect(images[0]).toMatch(/^node:22\.\d+\.\d+-[\w-]+$/);
  });

  test('the worker runs as an ordinary user, without the tools that built it', () => {
    const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
    expect(lastStage).toMatch(/^USER node$/m);
    expect(lastStage.indexOf('USER node')).toBeLessThan(lastStage.indexOf('CMD ["node", "dist/worker/main.js"]'));
    expect(lastStage).not.toMatch(/COPY \. /);
    expect(dockerfile).toMatch(/npm prune --omit=dev/);
  });
});
