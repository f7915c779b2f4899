import type { Principal } from '../access/authentication.js';
import { publishLimits } from '../access/grants.js';
import { candidateFilter } from '../guard/ice-candidate.js';
import { maySend } from '../hooks/join-and-message-hooks.js';
import { sessionFilters } from '../hooks/session-filters.js';
import type { InterruptionObserver } from '../session/peer/peer-owner.js';
import type { Takeover } from '../session/peer/takeover.js';
import { Session } from '../session/session.js';
import type { ConnectionObserver } from '../session/session-presence.js';
import type { SessionSetup } from '../session/session-setup.js';
import type { Sfu } from '../sfu/sfu.js';
import { observeConnections, observeInterruptions } from './observe-interruptions.js';
import type { ResolvedOptions } from './options.js';

type SessionIdentity<P extends Principal> = Pick<
  SessionSetup<P, Session<P>>,
  'id' | 'room' | 'userId' | 'role' | 'grants' | 'autoSubscribe' | 'principal' | 'isNamed'
>;

/** Makes sessions with the options of the relay. */
export class SessionFactory<P extends Principal> {
  readonly #options: ResolvedOptions<P>;
  readonly #sfu: Sfu;
  readonly #interruptions: InterruptionObserver;
  readonly #connections: ConnectionObserver;
  readonly #admitsCandidate: ((candidate: string) => boolean) | undefined;
  readonly #filters: ReturnType<typeof sessionFilters<P>>;

  constructor(options: ResolvedOptions<P>, sfu: Sfu, sessions: ReadonlyMap<string, Session<P>>) {
    this.#options = options;
    this.#sfu = sfu;
    this.#interruptions = observeInterruptions(options, sessions);
    this.#connections = observeConnections(options, sessions);
    this.#admitsCandidate = candidateFilter(options.candidates);
    this.#filters = sessionFilters(options.hooks);
  }

  make(identity: SessionIdentity<P>, takeover?: Takeover<Session<P>>): Session<P> {
    const options = this.#options;
    const { hooks, counters } = options;
    const { id, room, userId, role, grants, principal } = identity;
    const session: Session<P> = new Session<P>(
      {
        ...identity,
        policy: {
          offer: publishLimits(grants, role, options.dataChannels === 'allow'),
          videoCodec: options.videoCodec,
          canSubscribe: grants.canSubscribe !== false,
          admitsCandidate: this.#admitsCandidate,
          layerSubscriptions: options.layerSubscriptions,
        },
        filters: this.#filters,
        logger: options.logger,
        moderate: hooks.has('onMessage')
          ? (message, recheck) => maySend(hooks, session, message, recheck)
          : undefined,
        iceServers: () =>
          options.iceServers({ sessionId: id, roomId: room.id, userId, role: session.role, principal }),
        sfu: this.#sfu,
        interruptionTimeoutMs: options.interruptionTimeoutMs,
        interruptions: this.#interruptions,
        connections: this.#connections,
        joinTimeoutMs: options.joinTimeoutMs,
        answerTimeoutMs: options.answerTimeoutMs,
        sfuReplies: counters.sfuReplies,
        surplusCandidates: counters.surplusCandidates,
      },
      takeover,
    );
    return session;
  }
}
