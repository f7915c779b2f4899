import { Child } from '../support/child.js';
import type { RelayEntry } from './relay.js';

/** One of several relays. */
export class RelayProcess {
  readonly child: Child;
  readonly port: number;

  private constructor(child: Child, port: number) {
    this.child = child;
    this.port = port;
  }

  /**
   * @param script relay.ts, compiled
   * @param niceness of the process, as of the command `nice`
   */
  static async start(script: string, entry: RelayEntry, niceness = 0): Promise<RelayProcess> {
    const child = new Child('nice', [
      '-n',
      String(niceness),
      process.execPath,
      script,
      JSON.stringify(entry),
    ]);
    return new RelayProcess(child, Number((await child.output(/listening on (\d+)/))[1]));
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/rtc`;
  }

  /** Its REST API, for this user. */
  apiOf(user: string): (request: Request) => Promise<Response> {
    return async (request) => {
      const { pathname } = new URL(request.url);
      const { method, headers, signal } = request;
      const body = (await request.text()) || null;
      const url = `http://127.0.0.1:${this.port}/sfu${pathname}?user=${user}`;
      return fetch(url, { method, headers, signal, body });
    };
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.child.pid, signal);
  }

  async health(): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`http://127.0.0.1:${this.port}/sfu/health`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }
}
