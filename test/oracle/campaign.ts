import { anonymous, SfuRelay } from '../../src/index.js';
import { type IonServer, startIon } from '../support/ion.js';
import { MediaPeers } from '../support/media-peers.js';
import { attempt, type Verdict } from './attempt.js';
import { BareDoor, RelayDoor } from './doors.js';
import { type Variant, variants } from './variants.js';

export interface Row {
  variant: Variant;
  bare: Verdict;
  relay: Verdict;
  /** What was said of the last refusal. */
  faults: { bare?: string | undefined; relay?: string | undefined };
}

export interface CampaignOptions {
  chosen?: readonly Variant[];
  tries?: number;
  /** Attempts at a time. */
  parallel?: number;
  onRow?: (row: Row, done: number, total: number) => void;
}

interface Job {
  variant: Variant;
  way: 'bare' | 'relay';
}

/** Gives each variant to an SFU, bare and through the relay, and says what becomes of it. */
export async function campaign({
  chosen = variants(),
  tries = 3,
  parallel = 16,
  onRow = () => {},
}: CampaignOptions = {}): Promise<Row[]> {
  const peers = await MediaPeers.start();
  const bench = await Bench.start(peers);
  const rows = new Map<Variant, Row>(
    chosen.map((variant) => [variant, { variant, bare: 'taken', relay: 'taken', faults: {} }]),
  );
  const waiting: Job[] = chosen.flatMap((variant) => [
    { variant, way: 'bare' as const },
    { variant, way: 'relay' as const },
  ]);
  const suspects: Job[] = [];
  const left = new Map(chosen.map((variant) => [variant, 2]));
  let done = 0;
  const conclude = ({ variant, way }: Job, verdict: Verdict, fault?: string) => {
    const row = rows.get(variant) as Row;
    row[way] = verdict;
    row.faults[way] = fault;
    const rest = (left.get(variant) ?? 0) - 1;
    left.set(variant, rest);
    if (rest === 0) onRow(row, ++done, chosen.length);
  };
  const work = async () => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const { verdict, fault } = await bench.judge(job, tries);
      // Who of those at work it was shows when each is alone.
      if (verdict === 'crash') suspects.push(job);
      else conclude(job, verdict, fault);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  for (const job of suspects) {
    const { verdict, fault } = await bench.judge(job, tries);
    conclude(job, verdict, fault);
  }
  await bench.stop();
  peers.stop();
  return [...rows.values()];
}

/** An SFU with a relay in front of it, both started anew when the SFU has died. */
class Bench {
  readonly #peers: MediaPeers;
  #ion: IonServer;
  #relay: SfuRelay;
  #restarting: Promise<void> | undefined;

  private constructor(peers: MediaPeers, ion: IonServer) {
    this.#peers = peers;
    this.#ion = ion;
    this.#relay = relayTo(ion);
  }

  static async start(peers: MediaPeers): Promise<Bench> {
    return new Bench(peers, await startIon());
  }

  /** The verdict is the best of some tries: what is taken once is taken. */
  async judge(
    { variant, way }: Job,
    tries: number,
  ): Promise<{ verdict: Verdict; fault?: string | undefined }> {
    let last: { verdict: Verdict; fault?: string | undefined } = { verdict: 'refused' };
    for (let n = 0; n < tries; n += 1) {
      await this.#restarting;
      const ion = this.#ion;
      const open = () => (way === 'bare' ? new BareDoor(ion.address) : new RelayDoor(this.#relay));
      last = await attempt(variant, this.#peers, open);
      if (!ion.alive() || ion !== this.#ion) {
        await this.#restart(ion);
        return { verdict: 'crash' };
      }
      if (last.verdict === 'taken') break;
    }
    return last;
  }

  #restart(dead: IonServer): Promise<void> {
    if (dead !== this.#ion) return Promise.resolve();
    this.#restarting ??= (async () => {
      await this.#relay.close({ timeoutMs: 0 });
      await dead.stop();
      this.#ion = await startIon();
      this.#relay = relayTo(this.#ion);
      this.#restarting = undefined;
    })();
    return this.#restarting;
  }

  async stop(): Promise<void> {
    await this.#relay.close({ timeoutMs: 1_000 });
    await this.#ion.stop();
  }
}

function relayTo(ion: IonServer): SfuRelay {
  return new SfuRelay({ authenticate: anonymous(), sfu: { serverUrl: ion.address } });
}
