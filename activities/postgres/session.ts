/** One connection that is kept, and made anew with the next question after it broke: where a login would take too long. */
import type { Client } from 'pg';
import { connect, type ConnectionLimits } from './connection';

export class Session {
  private client: Promise<Client> | undefined;

  constructor(
    private readonly url: string,
    private readonly limits: ConnectionLimits,
    private readonly certificateFile: string | undefined,
  ) {}

  async ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    this.client ??= connect(this.url, this.limits, this.certificateFile);
    try {
      return await question(await this.client);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  end(): void {
    void this.client?.then((client) => client.end()).catch(() => undefined);
    this.client = undefined;
  }
}
