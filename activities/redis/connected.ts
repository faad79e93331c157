interface Connectable {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
}

/** To be destroyed by whoever asked for it. Throws what went wrong, and nothing is left then. */
export async function connected<Client extends Connectable>(client: Client): Promise<Client> {
  // Without a listener the process would end; what is wrong is thrown by the call that meets it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}
