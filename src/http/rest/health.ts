import type { Principal } from '../../access/authentication.js';
import type { HealthReport } from '../../relay/health.js';
import type { SfuRelay } from '../../relay/relay.js';
import { type ApiResponse, type Handler, json } from '../exchange.js';
import type { ResolvedHttpOptions } from '../options.js';

/** The process answers. This says nothing of the SFU: a restart of the relay would not help, and end its sessions. */
export const LIVE: ApiResponse = json(200, { status: 'ok' });

/** Readiness at `/health` and `/health/ready`, liveness at `/health/live`. */
export function healthRoutes<P extends Principal>(
  relay: SfuRelay<P>,
  options: Pick<ResolvedHttpOptions, 'healthDetails'>,
): Record<string, Record<string, Handler>> {
  const GET = readiness(relay, options);
  return { '/health': { GET }, '/health/ready': { GET }, '/health/live': { GET: () => LIVE } };
}

/** Requests during a probe of the SFU share its result, so that frequent requests do not load the SFU. */
function readiness<P extends Principal>(
  relay: SfuRelay<P>,
  { healthDetails }: Pick<ResolvedHttpOptions, 'healthDetails'>,
): Handler {
  let probe: Promise<HealthReport> | undefined;
  return async () => {
    if (relay.isClosing) return json(503, { status: 'closing' });
    probe ??= relay.healthCheck().finally(() => {
      probe = undefined;
    });
    return describe(await probe, healthDetails);
  };
}

function describe({ ok, closing, nodes, backplane }: HealthReport, details: 'status' | 'full'): ApiResponse {
  const body = { status: closing ? 'closing' : ok ? 'ok' : 'unavailable' };
  if (details === 'status') return json(ok ? 200 : 503, body);
  return json(ok ? 200 : 503, {
    ...body,
    nodes: nodes.map(({ serverUrl, error, cause }) => ({
      server_url: serverUrl,
      status: error ? 'unavailable' : 'ok',
      ...(error && { code: error.code, message: error.message }),
      ...(cause !== undefined && { cause }),
    })),
    ...(backplane && { backplane: { status: backplane.ok ? 'ok' : 'unavailable' } }),
  });
}
