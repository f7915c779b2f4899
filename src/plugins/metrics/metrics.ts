import type { CounterSet, Distribution, Outcomes } from '../../telemetry/instruments.js';
import type { Metric, Sample } from './metric.js';
import type { ScrapeContext } from './scrape-context.js';

type Labels = NonNullable<Sample['labels']>;

const one = (value: number): Sample[] => [{ value }];

const gauge = (name: string, help: string, read: Metric['read'], rest: Partial<Metric> = {}): Metric => ({
  ...{ name, help, type: 'gauge', read },
  ...rest,
});

const counter = (name: string, help: string, read: (counters: Counters) => Sample[]): Metric => ({
  ...{ name: `${name}_total`, help, type: 'counter' },
  read: ({ relay }) => read(relay.counters),
});

const histogram = (name: string, help: string, read: (counters: Counters) => Sample[]): Metric => ({
  ...{ name: `${name}_seconds`, help, type: 'histogram' },
  read: ({ relay }) => read(relay.counters),
});

type Counters = ScrapeContext['relay']['counters'];
type Nodes = ScrapeContext['relay']['nodes'];

const eachNode = (nodes: Nodes, read: (node: Nodes[number]) => number): Sample[] =>
  nodes.map((node) => ({ value: read(node), labels: { node: node.serverUrl } }));

/** One sample per name. */
const each = (set: CounterSet | Outcomes, label: string, labels: Labels = {}): Sample[] =>
  [...set].map(([name, value]) => ({ value, labels: { ...labels, [label]: name } }));

/** One sample per pair of names. */
function eachPair<Name extends string>(
  sets: Readonly<Record<Name, CounterSet>>,
  label: string,
  innerLabel: string,
): Sample[] {
  return Object.entries<CounterSet>(sets).flatMap(([name, set]) => each(set, innerLabel, { [label]: name }));
}

function buckets(distribution: Distribution, labels: Labels = {}): Sample[] {
  const samples: Sample[] = [];
  for (const [bound, value] of distribution) {
    const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : bound;
    samples.push({ value, labels: { ...labels, le }, suffix: '_bucket' });
  }
  return [
    ...samples,
    { value: distribution.sum, labels, suffix: '_sum' },
    { value: distribution.count, labels, suffix: '_count' },
  ];
}

/** The samples of one histogram per name. */
function bucketsOf(distributions: Iterable<readonly [string, Distribution]>, label: string): Sample[] {
  return [...distributions].flatMap(([name, distribution]) => buckets(distribution, { [label]: name }));
}

/** All metrics, as documented in docs/METRICS.md. */
export const METRICS: readonly Metric[] = [
  gauge('sessions', 'Sessions on the SFU, by what they may do and how far they are.', ({ snapshot }) =>
    Object.entries(snapshot.sessions).flatMap(([role, states]) =>
      Object.entries(states).map(([state, value]) => ({ value, labels: { role, state } })),
    ),
  ),
  gauge('participants', 'Joined sessions that others can see.', ({ snapshot }) => one(snapshot.participants)),
  gauge('audience', 'Participants that clients count instead of listing them.', ({ snapshot }) =>
    one(snapshot.audience),
  ),
  gauge('rooms', 'Rooms with sessions.', ({ relay }) => one(relay.rooms.size)),
  gauge(
    'largest_room_sessions',
    'Joined sessions of the largest room.',
    ({ snapshot }) => one(snapshot.largestRoom),
    { aggregator: 'max' },
  ),
  gauge('tracks', 'Tracks that are published.', ({ snapshot }) =>
    Object.entries(snapshot.tracks).map(([kind, value]) => ({ value, labels: { kind } })),
  ),

  gauge('connections', 'WebSockets that are open.', ({ relay: { counters } }) => {
    const { connectionsOpened, connectionsClosed } = counters;
    return one(connectionsOpened.value - total(connectionsClosed.client) - total(connectionsClosed.relay));
  }),
  counter('connections_opened', 'WebSockets that were opened.', ({ connectionsOpened }) =>
    one(connectionsOpened.value),
  ),
  counter(
    'connections_closed',
    'WebSockets that were closed, by who sent the first close frame and its code; 1006: there was none.',
    ({ connectionsClosed }) => eachPair(connectionsClosed, 'by', 'code'),
  ),
  counter('authentications', 'How the application has answered who a client is.', ({ authentications }) =>
    each(authentications, 'outcome'),
  ),
  histogram('authentication_duration', 'How long it took to say who a client is.', ({ authentications }) =>
    bucketsOf(authentications.durations, 'outcome'),
  ),

  counter('joins', 'Joins, by how they ended.', ({ joins }) => each(joins, 'outcome')),
  histogram('join_duration', "From a client's join to its answer.", ({ joins }) =>
    bucketsOf(joins.durations, 'outcome'),
  ),
  counter(
    'sessions_ended',
    'Sessions that had joined and have ended, by who ended them and the error.',
    ({ sessionsEnded }) => eachPair(sessionsEnded, 'by', 'code').filter(isWorthTelling),
  ),
  histogram('session_duration', 'How long sessions lasted.', ({ sessionDurations }) =>
    buckets(sessionDurations),
  ),

  counter('messages_received', 'Messages of clients.', ({ received }) => each(received, 'method')),
  counter('messages_sent', 'Messages to clients.', ({ sent }) => each(sent, 'method')),
  counter('messages_dropped', 'Messages left out for clients that do not read.', ({ dropped }) =>
    each(dropped, 'method'),
  ),
  counter(
    'surplus_candidates',
    'Candidates of clients beyond what the SFU takes of a connection.',
    ({ surplusCandidates }) => one(surplusCandidates.value),
  ),
  counter('messages_refused', 'Messages, and requests over HTTP, answered by an error.', ({ refused }) =>
    each(refused, 'code'),
  ),
  counter(
    'idempotent_requests',
    'Requests over HTTP with an Idempotency-Key: executed, repeated, or refused as the body differs.',
    ({ idempotentRequests }) => each(idempotentRequests, 'outcome'),
  ),
  counter('received_bytes', 'Text of the messages of WebSockets.', ({ receivedBytes }) =>
    one(receivedBytes.value),
  ),
  counter('sent_bytes', 'Text of the messages to WebSockets.', ({ sentBytes }) => one(sentBytes.value)),
  counter('room_messages', 'What rooms were told, each once.', ({ roomMessages }) =>
    each(roomMessages, 'kind'),
  ),

  counter('rate_limited', 'Messages that the rate limiter has refused.', ({ rateLimited }) =>
    each(rateLimited, 'method'),
  ),
  counter('rate_limiter_failures', 'Messages that passed as the rate limiter failed, or hung.', (counters) =>
    one(counters.rateLimiterFailures.value),
  ),
  counter('hook_failures', 'Hooks that threw, hung, or returned what is of no use.', ({ hookFailures }) =>
    eachPair(hookFailures, 'reason', 'hook'),
  ),

  // Read before the probe, which opens a stream itself.
  gauge('sfu_connections', 'Connections to the SFU.', ({ relay }) => one(relay.sfuConnectionCount)),
  gauge('sfu_streams', 'Signalling streams on the SFU.', ({ relay }) => one(relay.streamCount)),
  gauge(
    'sfu_up',
    'Whether the SFU answers, as asked at this scrape.',
    async (scrape) => one((await scrape.probe()).ok ? 1 : 0),
    { aggregator: 'min', probes: true },
  ),
  gauge(
    'sfu_probe_duration_seconds',
    'How long the SFU took to answer, as asked at this scrape.',
    async (scrape) =>
      one(Math.max(0, ...(await scrape.probe()).nodes.map(({ latencyMs }) => latencyMs)) / 1_000),
    { aggregator: 'max', probes: true },
  ),
  gauge(
    'backplane_up',
    'Whether the backplane that relays share answers; missing without one.',
    async (scrape) => {
      const { backplane } = await scrape.probe();
      return backplane ? one(backplane.ok ? 1 : 0) : [];
    },
    { aggregator: 'min', probes: true },
  ),
  gauge(
    'sfu_node_up',
    'Whether the node of the SFU is used: 0 if it is down.',
    ({ relay }) => eachNode(relay.nodes, ({ state }) => (state === 'down' ? 0 : 1)),
    { aggregator: 'min' },
  ),
  gauge('sfu_node_draining', 'Whether the node of the SFU takes no new rooms.', ({ relay }) =>
    eachNode(relay.nodes, ({ draining }) => (draining ? 1 : 0)),
  ),
  gauge('sfu_node_streams', 'Signalling streams on the node of the SFU.', ({ relay }) =>
    eachNode(relay.nodes, ({ streams }) => streams),
  ),
  gauge('sfu_node_rooms', 'Rooms on the node of the SFU.', ({ relay }) =>
    eachNode(relay.nodes, ({ rooms }) => rooms),
  ),
  counter('node_failures', 'Times that a node of the SFU went down.', ({ nodeFailures }) =>
    one(nodeFailures.value),
  ),
  counter(
    'interruptions',
    'Sessions that had lost their peer on the SFU, by how they went on.',
    ({ interruptions }) => each(interruptions, 'outcome'),
  ),
  histogram(
    'interruption_duration',
    'How long sessions were without a peer on the SFU, if they got another one.',
    ({ interruptionDurations }) => buckets(interruptionDurations),
  ),
  counter('room_moves', 'Moves of rooms to other SFU nodes: moved, or cancelled.', ({ roomMoves }) =>
    each(roomMoves, 'outcome'),
  ),
  counter('room_splits', 'Rooms that the SFU had twice, by what has become of them.', ({ roomSplits }) =>
    each(roomSplits, 'outcome'),
  ),
  counter(
    'session_moves',
    'Sessions of rooms that moved: moved, or closed as they did not in time.',
    ({ sessionMoves }) => each(sessionMoves, 'outcome'),
  ),
  gauge(
    'detached_sessions',
    'Sessions whose clients have no connection, and may resume them.',
    ({ snapshot }) => one(snapshot.detached),
  ),
  counter(
    'resumptions',
    'Sessions whose clients had lost their connections, by how they went on; and refused requests.',
    ({ resumptions }) => each(resumptions, 'outcome'),
  ),
  histogram(
    'detached_duration',
    'How long sessions were without a connection, if they got another one.',
    ({ detachedDurations }) => buckets(detachedDurations),
  ),
  histogram('sfu_reply_duration', 'How long the SFU took to reply.', ({ sfuReplies }) =>
    bucketsOf(Object.entries(sfuReplies), 'request'),
  ),
  counter(
    'abandoned_peers',
    'Peers that the SFU kept after an error: the relay has removed them, or could not.',
    ({ abandonedPeers }) => each(abandonedPeers, 'outcome'),
  ),
];

/** The labels of these metrics, which an application cannot use for its own. */
export const LABELS: readonly string[] = [
  ...['node', 'role', 'state', 'kind', 'by', 'code', 'outcome', 'method', 'reason', 'hook', 'request', 'le'],
];

function total(set: CounterSet): number {
  return [...set].reduce((sum, [, count]) => sum + count, 0);
}

/** Omits pairs that have not occurred: few of all pairs ever do. */
function isWorthTelling({ value, labels }: Sample): boolean {
  return value > 0 || labels?.code === 'none';
}
