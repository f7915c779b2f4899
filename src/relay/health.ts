import { RelayError } from '../protocol/errors.js';
import type { Sfu } from '../sfu/sfu.js';

/**
 * The state of the SFU.
 * @category Relay
 */
export interface HealthReport {
  ok: boolean;
  /** `cause` is for operators: it contains the address of the SFU and the reason of the failure. */
  nodes: { serverUrl: string; ok: boolean; latencyMs: number; error?: RelayError; cause?: string }[];
}

/** Runs the whole signalling loop to the SFU and back, without joining. Never rejects. */
export async function checkHealth(sfu: Sfu, serverUrl: string, timeoutMs: number): Promise<HealthReport> {
  const start = performance.now();
  const latencyMs = () => Math.round((performance.now() - start) * 10) / 10;
  try {
    await sfu.probe(AbortSignal.timeout(timeoutMs));
    return { ok: true, nodes: [{ serverUrl, ok: true, latencyMs: latencyMs() }] };
  } catch (error) {
    const failure = RelayError.from(error);
    const cause = failure.cause === undefined ? {} : { cause: causeOf(failure) };
    return {
      ok: false,
      nodes: [{ serverUrl, ok: false, latencyMs: latencyMs(), error: failure, ...cause }],
    };
  }
}

function causeOf({ cause }: RelayError): string {
  return cause instanceof Error ? cause.message : String(cause);
}
