/**
 * `broxiva/api`: products from PostgreSQL, cached in Redis where it answers; orders into it (POST, with a reference
 * of the client's where it gives one).
 *
 * DATABASE_URL, DATABASE_POOL_SIZE (20), DATABASE_READ_REPLICA_URL (reads go there, through a second pool), REDIS_URL,
 * PORT (3000), CACHE_SECONDS (5).
 */
import { openPool } from '../database';
import { serve } from '../http';
import { openRedis } from '../redis-client';

const {
  DATABASE_URL,
  DATABASE_READ_REPLICA_URL,
  DATABASE_POOL_SIZE = '20',
  REDIS_URL,
  PORT = '3000',
  CACHE_SECONDS = '5',
} = process.env;

const key = 'products';
const pool = (url: string | undefined) => openPool(url, Number(DATABASE_POOL_SIZE));
const writes = pool(DATABASE_URL);
const reads = DATABASE_READ_REPLICA_URL ? pool(DATABASE_READ_REPLICA_URL) : writes;
const redis = REDIS_URL ? openRedis(REDIS_URL) : undefined;

async function products(): Promise<string> {
  const cached = await redis?.get(key).catch(() => null);
  if (typeof cached === 'string') return cached;
  const { rows } = await reads.query('SELECT id, name, price_cents FROM products ORDER BY id LIMIT 50');
  const text = JSON.stringify(rows);
  await redis?.set(key, text, { expiration: { type: 'EX', value: Number(CACHE_SECONDS) } }).catch(() => null);
  return text;
}

async function order(reference: string | null): Promise<string> {
  const { rows } = await writes.query('INSERT INTO orders (product_id, reference) VALUES (1, $1) RETURNING id', [
    reference,
  ]);
  return JSON.stringify(rows[0]);
}

serve({
  port: Number(PORT),
  health: '/api/health',
  routes: {
    '/api/products': async (_request, response) => {
      const text = await products();
      response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    },
    '/api/orders': async ({ method, url = '' }, response) => {
      if (method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end();
      const reference = new URL(url, 'http://service').searchParams.get('reference');
      const text = await order(reference);
      response.writeHead(201, { 'content-type': 'application/json' }).end(text);
    },
  },
  close: async () => {
    await Promise.all([...new Set([writes, reads])].map((each) => each.end()));
    redis?.destroy();
  },
});
