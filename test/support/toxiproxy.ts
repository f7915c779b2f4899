import { Child } from './child.js';
import { buildGo } from './ion.js';
import { freePort } from './listen.js';
import { until } from './poll.js';

/** What a connection may suffer from, of what Toxiproxy knows. */
interface Toxics {
  /** Data comes so many ms late. */
  latency: { latency: number };
  /** No data comes. The connection stays open until the toxic is removed, which closes it. `timeout`: 0 */
  timeout: { timeout: 0 };
}

/** Up to the server, or down to the client. */
type Stream = 'upstream' | 'downstream';

/** A Toxiproxy in a process of its own: its proxies stand between clients and TCP servers, and break like a network. */
export class Toxiproxy {
  #proxies = 0;

  private constructor(
    private readonly child: Child,
    private readonly api: string,
  ) {}

  static async start(): Promise<Toxiproxy> {
    const binary = await buildGo('toxiproxy');
    const port = await freePort();
    const child = new Child(binary, [String(port)]);
    const api = `http://127.0.0.1:${port}`;
    await until('Toxiproxy answers', async () => (await fetch(`${api}/version`)).ok, { intervalMs: 20 });
    return new Toxiproxy(child, api);
  }

  /** @param target host:port of the server */
  async proxy(target: string, listen = '127.0.0.1:0'): Promise<ToxicProxy> {
    this.#proxies += 1;
    const made = { name: `proxy-${this.#proxies}`, listen, upstream: target };
    const { name, listen: address } = (await request(`${this.api}/proxies`, 'POST', made)) as typeof made;
    return new ToxicProxy(`${this.api}/proxies/${name}`, address);
  }

  async stop(): Promise<void> {
    await this.child.stop();
  }
}

export class ToxicProxy {
  constructor(
    private readonly api: string,
    /** host:port for clients. */
    readonly address: string,
  ) {}

  /** All connections suffer from it, also those that are open. */
  async add<Type extends keyof Toxics>(type: Type, stream: Stream, attributes: Toxics[Type]): Promise<void> {
    await request(`${this.api}/toxics`, 'POST', { name: `${type}-${stream}`, type, stream, attributes });
  }

  async remove(type: keyof Toxics, stream: Stream): Promise<void> {
    await request(`${this.api}/toxics/${type}-${stream}`, 'DELETE');
  }

  /** Nothing passes, in neither direction, and neither side notices. */
  async swallow(): Promise<void> {
    for (const stream of STREAMS) await this.add('timeout', stream, { timeout: 0 });
  }

  /** Everything passes again, on other connections: the old ones are closed. */
  async pass(): Promise<void> {
    for (const stream of STREAMS) await this.remove('timeout', stream);
  }

  /** Closes all connections, and refuses new ones until it is `open` again. */
  async close(): Promise<void> {
    await request(this.api, 'POST', { enabled: false });
  }

  async open(): Promise<void> {
    await request(this.api, 'POST', { enabled: true });
  }
}

const STREAMS: readonly Stream[] = ['upstream', 'downstream'];

async function request(url: string, method: string, body?: object): Promise<unknown> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const text = await response.text();
  if (!response.ok) throw new Error(`Toxiproxy: ${method} ${url}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
