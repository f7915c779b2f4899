import { RelayError } from '../protocol/errors.js';
import { LIMITS } from '../protocol/limits.js';
import type { SessionStats, StatsReport } from '../protocol/types.js';
import { wallClock } from '../util/wall-clock.js';

/** The used counters of one RTP stream at one time. */
interface StreamSample {
  kind: 'audio' | 'video';
  timestamp: number;
  bytes: number;
  packets: number;
  lost: number;
}

interface StatsSample {
  sent: Map<string, StreamSample>;
  received: Map<string, StreamSample>;
  /** fractionLost, jitter (s), roundTripTime (s) that the SFU reports for sent media. */
  remote: { fractionLost: number[]; jitter: number[]; roundTripTime: number[] };
  receivedJitter: number[];
  pairRoundTripTime: number[];
}

const MAX_BITRATE = 1e11;

/** Turns a client's successive `getStats()` reports into a session's figures. */
export class StatsMeter {
  #last: StatsSample | undefined;
  #stats: SessionStats;

  constructor(identity: Pick<SessionStats, 'sessionId' | 'roomId' | 'userId' | 'role'>) {
    const { sessionId, roomId, userId, role } = identity;
    this.#stats = {
      sessionId,
      roomId,
      userId,
      role,
      videoBitrate: null,
      audioBitrate: null,
      packetLoss: null,
      jitter: null,
      roundTripTime: null,
      updatedAt: null,
    };
  }

  get current(): SessionStats {
    return this.#stats;
  }

  /**
   * For a session that sends, the figures describe sent media as the SFU receives it (`outbound-rtp`, `remote-inbound-rtp`); for
   * one that only receives, received media (`inbound-rtp`, `candidate-pair`).
   * @throws RelayError `ERR_RELAY_INVALID_PARAMS`; the figures stay unchanged
   */
  report(report: unknown): SessionStats {
    const sample = readReport(report);
    const before = this.#last;
    const sends = sample.sent.size > 0;
    const now = sends ? sample.sent : sample.received;
    const then = (sends ? before?.sent : before?.received) ?? new Map<string, StreamSample>();
    const rate = { audio: 0, video: 0 };
    let packets = 0;
    let lost = 0;
    for (const [id, stream] of now) {
      const earlier = then.get(id);
      // A counter that went back belongs to a new stream under an old id: measure it from the next report on.
      if (!earlier || stream.bytes < earlier.bytes || stream.timestamp <= earlier.timestamp) continue;
      const bitrate = ((stream.bytes - earlier.bytes) * 8000) / (stream.timestamp - earlier.timestamp);
      if (bitrate > MAX_BITRATE) throw nonsense(`"${id}" says ${bitrate.toExponential(1)} bit/s`);
      rate[stream.kind] += bitrate;
      packets += Math.max(0, stream.packets - earlier.packets);
      lost += Math.max(0, stream.lost - earlier.lost);
    }
    const receivedLoss = packets + lost > 0 ? lost / (packets + lost) : 0;
    // Differences need two reports.
    const difference = (value: number) => (before ? value : null);
    const roundTrip = [...sample.remote.roundTripTime, ...sample.pairRoundTripTime];
    this.#last = sample;
    this.#stats = {
      ...this.#stats,
      videoBitrate: difference(Math.round(rate.video)),
      audioBitrate: difference(Math.round(rate.audio)),
      packetLoss: sends ? mean(sample.remote.fractionLost) : difference(receivedLoss),
      jitter: mean(sends ? sample.remote.jitter : sample.receivedJitter, 1000),
      roundTripTime: mean(sends ? roundTrip : sample.pairRoundTripTime, 1000),
      updatedAt: wallClock(),
    };
    return this.#stats;
  }
}

/** The mean in a unit that is `unit` times smaller; null without values. */
function mean(values: number[], unit = 1): number | null {
  if (values.length === 0) return null;
  return (values.reduce((sum, value) => sum + value, 0) / values.length) * unit;
}

function nonsense(what: string): RelayError {
  return new RelayError('ERR_RELAY_INVALID_PARAMS', `The statistics can't be used: ${what}.`);
}

function readReport(report: unknown): StatsSample {
  if (!Array.isArray(report)) throw nonsense('"report" must be a list of RTCStats');
  if (report.length > LIMITS.maxStatsEntries)
    throw nonsense(`it has more than ${LIMITS.maxStatsEntries} entries`);
  const sample: StatsSample = {
    sent: new Map(),
    received: new Map(),
    remote: { fractionLost: [], jitter: [], roundTripTime: [] },
    receivedJitter: [],
    pairRoundTripTime: [],
  };
  for (const entry of report as StatsReport) {
    if (typeof entry !== 'object' || entry === null || typeof entry.id !== 'string' || entry.id.length > 256)
      throw nonsense('every entry needs an "id" of up to 256 characters');
    if (typeof entry.type !== 'string') throw nonsense(`"${entry.id}" has no "type"`);
    readEntry(sample, new EntryReader(entry));
  }
  return sample;
}

function readEntry(sample: StatsSample, entry: EntryReader): void {
  switch (entry.type) {
    case 'outbound-rtp':
      addStream(sample.sent, entry, {
        bytes: entry.number('bytesSent'),
        packets: entry.number('packetsSent'),
        lost: 0,
      });
      return;
    case 'inbound-rtp': {
      // RFC 3550 lets packetsLost fall below zero: duplicates count against losses.
      const lost = Math.max(0, entry.number('packetsLost', { min: -1e12 }));
      addStream(sample.received, entry, {
        bytes: entry.number('bytesReceived'),
        packets: entry.number('packetsReceived'),
        lost,
      });
      if (entry.has('jitter')) sample.receivedJitter.push(entry.number('jitter', { max: 600 }));
      return;
    }
    case 'remote-inbound-rtp':
      if (entry.has('fractionLost'))
        sample.remote.fractionLost.push(entry.number('fractionLost', { max: 1 }));
      if (entry.has('jitter')) sample.remote.jitter.push(entry.number('jitter', { max: 600 }));
      if (entry.has('roundTripTime'))
        sample.remote.roundTripTime.push(entry.number('roundTripTime', { max: 600 }));
      return;
    case 'candidate-pair':
      if (entry.is('nominated') && entry.has('currentRoundTripTime'))
        sample.pairRoundTripTime.push(entry.number('currentRoundTripTime', { max: 600 }));
  }
}

function addStream(
  streams: Map<string, StreamSample>,
  entry: EntryReader,
  counters: Omit<StreamSample, 'kind' | 'timestamp'>,
): void {
  if (streams.has(entry.id)) throw nonsense(`"${entry.id}" is there twice`);
  streams.set(entry.id, { kind: entry.kind(), timestamp: entry.number('timestamp'), ...counters });
}

/** Reads one RTCStats dictionary of an untrusted client. */
class EntryReader {
  readonly id: string;
  readonly type: string;
  readonly #entry: StatsReport[number];

  constructor(entry: StatsReport[number]) {
    this.#entry = entry;
    this.id = entry.id;
    this.type = entry.type;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#entry, name) && this.#entry[name] != null;
  }

  is(name: string): boolean {
    return this.has(name) && this.#entry[name] === true;
  }

  /** A missing number counts as 0, as getStats omits what it has not measured. */
  number(name: string, { min = 0, max = 1e18 } = {}): number {
    if (!this.has(name)) return 0;
    const value = this.#entry[name];
    if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > max)
      throw nonsense(`"${name}" of "${this.id}" must be a number from ${min} to ${max}`);
    return value;
  }

  kind(): 'audio' | 'video' {
    const kind = this.#entry.kind;
    if (kind !== 'audio' && kind !== 'video')
      throw nonsense(`"kind" of "${this.id}" must be "audio" or "video"`);
    return kind;
  }
}
