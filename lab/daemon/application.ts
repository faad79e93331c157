/**
 * The application's role and database, made as a customer of Azure makes them: by the admin login over TLS. So the admin
 * rules the role (it may fence it), owns nothing of the application's and cannot read its tables; only the runbooks' markers
 * are open to it.
 */
import { Client, escapeIdentifier, escapeLiteral } from 'pg';

export interface Application {
  role: string;
  password: string;
  database: string;
}

/** `adminUrl` leads to the database `postgres`. */
export async function createApplication(adminUrl: string, { role, password, database }: Application): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  const [owner, name] = [escapeIdentifier(role), escapeIdentifier(database)];
  try {
    await client.query(`CREATE ROLE ${owner} LOGIN PASSWORD ${escapeLiteral(password)}`);
    // Since PostgreSQL 16 only a member that may SET ROLE can give a database to a role; afterwards it is none any more.
    await client.query(`GRANT ${owner} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE`);
    await client.query(`CREATE DATABASE ${name} OWNER ${owner}`);
    await client.query(`REVOKE ${owner} FROM CURRENT_USER GRANTED BY CURRENT_USER`);
  } finally {
    await client.end();
  }
  await prepareMarkers(adminUrl, { role, password, database });
}

/** What docs/runbooks/create-read-replica.md asks the owner of a database to run once. */
async function prepareMarkers(adminUrl: string, { role, password, database }: Application): Promise<void> {
  const url = new URL(adminUrl);
  const administrator = escapeIdentifier(decodeURIComponent(url.username));
  Object.assign(url, { username: role, password: encodeURIComponent(password), pathname: `/${database}` });
  const owner = new Client({ connectionString: url.href });
  await owner.connect();
  try {
    await owner.query(`
      CREATE SCHEMA runbooks;
      CREATE TABLE runbooks.markers
        (run text NOT NULL, number int NOT NULL, written timestamptz DEFAULT now(), PRIMARY KEY (run, number));
      GRANT USAGE ON SCHEMA runbooks TO ${administrator};
      GRANT SELECT, INSERT, DELETE ON runbooks.markers TO ${administrator};
    `);
  } finally {
    await owner.end();
  }
}
