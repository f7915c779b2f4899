import { execFileSync } from 'node:child_process';
import { anonymous, SfuRelay } from '../../src/index.js';
import { collectGarbage } from '../support/garbage.js';
import { type IonServer, startIon } from '../support/ion.js';
import { until } from '../support/poll.js';
import { Causes, type FuzzProgress, fuzz } from './run.js';

export interface CampaignOptions {
  seed: number;
  messages: number;
  /** Clients at a time. @default 40 */
  clients?: number;
  /** ms after which it ends, however many messages it has sent. @default none */
  limitMs?: number;
  onProgress?(progress: FuzzProgress, memory: Memory): void;
}

/** In MiB. */
export interface Memory {
  /** Of the relay and of the clients, which are one process. */
  heap: number;
  rss: number;
  sfuRss: number;
}

export interface CampaignReport extends FuzzProgress {
  seed: number;
  durationMs: number;
  /** After a garbage collection each: at the start, at so many parts of a hundred, at the end. */
  memory: { percent: number; memory: Memory }[];
  /** Peers that are left on the SFU when all have gone. */
  ghosts: string[];
  isSfuAlive: boolean;
  sfuLog: string;
}

const SAMPLED_PERCENTS = [10, 25, 50, 75];
const CLIENTS = 40;

/** A real Ion, a relay, and clients who say whatever comes to their mind. */
export async function campaign(options: CampaignOptions): Promise<CampaignReport> {
  const { seed, messages, clients = CLIENTS, limitMs = Number.POSITIVE_INFINITY } = options;
  const ion = await startIon();
  const causes = new Causes();
  const relay = new SfuRelay({
    sfu: { serverUrl: ion.address },
    authenticate: anonymous(),
    logger: causes.logger,
  });
  const memory: CampaignReport['memory'] = [{ percent: 0, memory: measure(ion, true) }];
  const waiting = [...SAMPLED_PERCENTS];
  const start = Date.now();
  try {
    const result = await fuzz(
      {
        relay,
        seed,
        messages,
        clients,
        isOver: () => !ion.alive() || Date.now() - start > limitMs,
        onProgress(progress) {
          const [percent] = waiting;
          if (percent !== undefined && progress.messages >= (messages * percent) / 100) {
            waiting.shift();
            memory.push({ percent, memory: measure(ion, true) });
          }
          options.onProgress?.(progress, measure(ion));
        },
      },
      causes,
    );
    const durationMs = Date.now() - start;
    if (ion.alive()) await everybodyGone(relay, ion);
    memory.push({ percent: 100, memory: measure(ion, true) });
    return {
      ...result,
      seed,
      durationMs,
      memory,
      ghosts: ion.peers,
      isSfuAlive: ion.alive(),
      sfuLog: ion.log,
    };
  } finally {
    await relay.close();
    await ion.stop();
  }
}

/** Waits for what may take a moment, and leaves to the report what has not come about. */
async function everybodyGone(relay: SfuRelay, ion: IonServer): Promise<void> {
  const isEmpty = () => relay.sessions.size + relay.streamCount + ion.peers.length === 0;
  await until('everybody has gone', isEmpty, { timeoutMs: 15_000 }).catch(() => {});
}

function measure(ion: IonServer, isExact = false): Memory {
  if (isExact) collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: toMiB(heapUsed), rss: toMiB(rss), sfuRss: rssOf(ion.pid) };
}

function toMiB(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

function rssOf(pid: number): number {
  try {
    return toMiB(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) * 1024);
  } catch {
    return 0;
  }
}
