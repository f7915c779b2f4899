import type { Principal } from '../../access/authentication.js';
import type { HealthReport } from '../../relay/health.js';
import type { SfuRelay } from '../../relay/relay.js';
import { type ApiResponse, type Handler, json } from '../exchange.js';
import type { ResolvedHttpOptions } from '../options.js';

/** Requests during a probe of the SFU share its result, so that frequent requests do not load the SFU. */
export function healthRoute<P extends Principal>(
  relay: SfuRelay<P>,
  { healthDetails }: Pick<ResolvedHttpOptions, 'healthDetails'>,
): Handler {
  let probe: Promise<HealthReport> | undefined;
  return async () => {
    probe ??= relay.healthCheck().finally(() => {
      probe = undefined;
    });
    return describe(await probe, healthDetails);
  };
}

function describe({ ok, nodes }: HealthReport, details: 'status' | 'full'): ApiResponse {
  if (ok) return json(200, { status: 'ok' });
  if (details === 'status') return json(503, { status: 'unavailable' });
  return json(503, {
    status: 'unavailable',
    nodes: nodes.map(({ serverUrl, error }) => ({
      server_url: serverUrl,
      status: error ? 'unavailable' : 'ok',
      ...(error && { code: error.code, message: error.message }),
    })),
  });
}
