import {
  type Authenticate,
  type AuthRequest,
  identify,
  isPrincipal,
  type Principal,
} from '../access/authentication.js';
import type { HookRunner } from '../hooks/hook-runner.js';
import { RelayError } from '../protocol/errors.js';
import type { RelayCounters } from '../telemetry/relay-counters.js';
import type { Logger } from '../util/logger.js';
import type { Shutdown } from './shutdown.js';

interface Setup<P extends Principal> {
  authenticate: Authenticate<P>;
  hooks: HookRunner<P>;
  logger: Logger;
  counters: RelayCounters;
}

const NO_REFUSAL =
  'Authentication failed: the client may try again (4503). To refuse a client, let authenticate() return false, or throw ' +
  'a RelayError ERR_RELAY_UNAUTHENTICATED or an error with the status 401 or 403';

/** Authenticates clients by the application's `authenticate` and `onAuthenticate`. */
export class Authenticator<P extends Principal> {
  readonly #setup: Setup<P>;
  readonly #shutdown: Shutdown;

  constructor(setup: Setup<P>, shutdown: Shutdown) {
    this.#setup = setup;
    this.#shutdown = shutdown;
  }

  /** @throws RelayError */
  async authenticate(request: AuthRequest): Promise<P> {
    const { authenticate, hooks, counters } = this.#setup;
    const start = performance.now();
    try {
      this.#shutdown.requireOpen();
      const identified = await identify(authenticate, request);
      const context = { request, principal: identified };
      const principal = (await hooks.ask('onAuthenticate', context, isPrincipal<P>)) ?? identified;
      counters.authentications.succeeded(start);
      return principal;
    } catch (error) {
      counters.authentications.failed(error, start);
      this.#log(RelayError.from(error), request);
      throw error;
    }
  }

  /** Operators need to know of failures of the application; a refused client is not one. */
  #log(err: RelayError, { remoteAddress }: AuthRequest): void {
    const { logger } = this.#setup;
    if (err.code === 'ERR_RELAY_INTERNAL')
      logger.error(
        { err, remoteAddress },
        'A client could not be authenticated: the cause says what to correct',
      );
    else if (err.code === 'ERR_RELAY_AUTH_UNAVAILABLE') logger.error({ err, remoteAddress }, NO_REFUSAL);
  }
}
