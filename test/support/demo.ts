import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { Child } from './child.js';
import { freePort } from './listen.js';

interface DemoOptions {
  example?: string;
  port?: number;
  sfuUrl?: string;
  /** How many development SFUs. */
  nodes?: number | string;
  maxListed?: number;
  /** How long its relay takes to close on SIGTERM; by default it closes at once. */
  deploy?: { readinessDelayMs: number; drainMs: number };
}

const AT_ONCE = { readinessDelayMs: 0, drainMs: 0 };

type Demo = Awaited<ReturnType<typeof startDemo>>;

/** The server for the suite that this is called in. */
export function useDemo(options: DemoOptions = {}): Pick<Demo, 'url' | 'port'> {
  let demo: Demo | undefined;
  beforeAll(async () => {
    demo = await startDemo(options);
    await demo.ready();
  });
  afterAll(() => demo?.process.stop());
  const running = () => {
    if (!demo) throw new Error('the demo is not set up');
    return demo;
  };
  return {
    get url() {
      return running().url;
    },
    get port() {
      return running().port;
    },
  };
}

/** A server of examples/, as its README starts it, on a free port or the one given. */
export async function startDemo({
  example = 'live-room',
  port,
  sfuUrl,
  nodes,
  maxListed,
  deploy: { readinessDelayMs, drainMs } = AT_ONCE,
}: DemoOptions = {}) {
  const PORT = String(port ?? (await freePort()));
  const env = {
    ...process.env,
    HOST: '127.0.0.1',
    PORT,
    SFU_URL: sfuUrl ?? '',
    NODES: `${nodes ?? ''}`,
    MAX_LISTED: `${maxListed ?? ''}`,
    READINESS_DELAY_MS: `${readinessDelayMs}`,
    DRAIN_MS: `${drainMs}`,
  };
  const script = fileURLToPath(new URL(`../../examples/${example}/server.js`, import.meta.url));
  const child = new Child(process.execPath, [script], { env });
  return {
    url: `http://127.0.0.1:${PORT}`,
    port: Number(PORT),
    process: child,
    /** Resolves when the page can be opened. */
    ready: () => child.output(/Live room\s+http/),
  };
}
