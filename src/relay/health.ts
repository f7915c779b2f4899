import type { Backplane } from '../backplane/backplane.js';
import { RelayError } from '../protocol/errors.js';
import type { SfuServer } from '../sfu/sfu.js';

/**
 * The state of the SFU.
 * @category Relay
 */
export interface HealthReport {
  /** Whether at least one node answers, and the relay is not closing. */
  ok: boolean;
  /** Whether `relay.close()` was called: load balancers are to send nobody here any more. */
  closing: boolean;
  nodes: NodeReport[];
  /** Whether the relay can change the rooms that it shares with other processes. Missing without the option `backplane`. */
  backplane?: BackplaneReport;
}

/**
 * Whether the backplane answers. While it does not, joins fail, and everything else within this process goes on: it has no effect on `ok`.
 * @category Relay
 */
export interface BackplaneReport {
  ok: boolean;
  cause?: string;
}

/**
 * Whether one SFU node answers. `cause` is for operators: it contains the address of the SFU and the reason of the failure.
 * @category Relay
 */
export interface NodeReport {
  serverUrl: string;
  ok: boolean;
  latencyMs: number;
  error?: RelayError;
  cause?: string;
}

/** Runs the whole signalling loop to each node and back, without joining. Never rejects. */
export async function checkHealth(
  servers: readonly { serverUrl: string; server: SfuServer }[],
  { healthTimeoutMs, backplane }: { healthTimeoutMs: number; backplane: Backplane | undefined },
  closing: boolean,
): Promise<HealthReport> {
  const nodes = await Promise.all(
    servers.map(({ serverUrl, server }) => checkNode(serverUrl, server, healthTimeoutMs)),
  );
  const ok = !closing && nodes.some((node) => node.ok);
  return { ok, closing, nodes, ...(backplane && { backplane: reportOf(backplane) }) };
}

function reportOf({ status }: Backplane): BackplaneReport {
  const { commands = 'up', subscription = 'up', error } = status ?? {};
  const cause = error instanceof Error ? error.message : error === undefined ? undefined : String(error);
  return { ok: commands === 'up' && subscription === 'up', ...(cause !== undefined && { cause }) };
}

async function checkNode(serverUrl: string, server: SfuServer, timeoutMs: number): Promise<NodeReport> {
  const start = performance.now();
  const latencyMs = () => Math.round((performance.now() - start) * 10) / 10;
  try {
    await server.probe(AbortSignal.timeout(timeoutMs));
    return { serverUrl, ok: true, latencyMs: latencyMs() };
  } catch (error) {
    const failure = RelayError.from(error);
    const cause = failure.cause === undefined ? {} : { cause: causeOf(failure) };
    return { serverUrl, ok: false, latencyMs: latencyMs(), error: failure, ...cause };
  }
}

function causeOf({ cause }: RelayError): string {
  return cause instanceof Error ? cause.message : String(cause);
}
