/** The application's tables that its pods work with: what the API sells, what was ordered, what workers have finished. */
import { Client } from 'pg';

const statements = [
  'CREATE TABLE IF NOT EXISTS products (id int PRIMARY KEY, name text, price_cents int)',
  `INSERT INTO products SELECT n, 'Product ' || n, 100 * n FROM generate_series(1, 50) AS n ON CONFLICT DO NOTHING`,
  `CREATE TABLE IF NOT EXISTS orders
     (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, product_id int, reference text, ordered_at timestamptz DEFAULT now())`,
  `CREATE TABLE IF NOT EXISTS finished_jobs
     (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue text, job text, finished_at timestamptz DEFAULT now())`,
];

/** `connectionString` is the application's own. */
export async function makeTables(connectionString: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
