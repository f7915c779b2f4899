import { fakeOffer } from '../../testing/scripted/fake-sdp.js';
import { checkAuthentication, explainSfu, isOfSfu, join } from './enter.js';
import { Fault } from './fault.js';
import { checkIce } from './ice.js';
import { checkDns, checkTcp, checkTls } from './network.js';
import type { CheckOptions } from './options.js';
import { faultVerdict, type StepName, type Verdict } from './report.js';
import { Refusal, Rpc } from './rpc.js';
import type { Werift } from './stun.js';
import { checkIceServers, isIceServers } from './turn.js';
import { openWebSocket } from './upgrade.js';

/** The packages that the check uses. */
export interface Packages {
  readonly ws: typeof import('ws');
  readonly werift: Werift;
}

/** Takes the way of a client, step by step, up to the first that fails. @param onVerdict called after each step */
export async function check(
  options: CheckOptions,
  packages: Packages,
  onVerdict: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const probe = new Probe(options, packages, onVerdict);
  try {
    await probe.run();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  } finally {
    await probe.leave();
  }
  return probe.verdicts;
}

class Probe {
  readonly verdicts: Verdict[] = [];
  readonly #options: CheckOptions;
  readonly #packages: Packages;
  readonly #onVerdict: (verdict: Verdict) => void;
  #rpc: Rpc | undefined;

  constructor(options: CheckOptions, packages: Packages, onVerdict: (verdict: Verdict) => void) {
    this.#options = options;
    this.#packages = packages;
    this.#onVerdict = onVerdict;
  }

  async run(): Promise<void> {
    const options = this.#options;
    const { target, room, timeoutMs } = options;
    const { ws, werift } = this.#packages;
    await this.#step('dns', () => checkDns(options));
    await this.#step('tcp', () => checkTcp(options));
    if (target.isSecure) await this.#step('tls', () => checkTls(options));
    await this.#step('upgrade', async () => {
      const socket = await openWebSocket(ws, options);
      this.#rpc = new Rpc(socket, timeoutMs);
      return `a WebSocket, subprotocol ${socket.protocol}`;
    });
    const rpc = this.#rpc as Rpc;
    await this.#step('auth', () => checkAuthentication(rpc, options));
    const offer = fakeOffer([], { dataChannel: false });
    const joined = await this.#either('join', async () => {
      const result = await join(rpc, options, offer).catch((error: unknown) => {
        if (error instanceof Refusal && isOfSfu(error)) return error;
        throw error;
      });
      return [`the room ${JSON.stringify(room)} is open to this client`, result];
    });
    const result = await this.#either('sfu', async () => {
      if (joined instanceof Refusal) throw await explainSfu(joined, options);
      return ['the SFU answers the offer', joined];
    });
    // Clients whose network has no UDP may still come by TURN: both are checked.
    const negotiation = { offer, answer: result.sdp, trickled: rpc.candidates };
    const ice = await this.#settled('ice', () => checkIce(werift, negotiation, options));
    const { iceServers } = result;
    if (!isIceServers(iceServers)) this.#skip('turn', 'the relay names no iceServers');
    else await this.#step('turn', () => checkIceServers(werift, iceServers, timeoutMs));
    if (ice) throw ice;
  }

  async leave(): Promise<void> {
    const rpc = this.#rpc;
    if (!rpc) return;
    // The SFU has left the room when it answers; a connection that is closed needs no leave.
    await rpc.request('leave').catch(() => {});
    rpc.close();
  }

  async #step(step: StepName, task: () => Promise<string>): Promise<void> {
    await this.#either(step, async () => [await task(), undefined]);
  }

  /** @returns what the task gives beside its message. @throws Fault after its verdict */
  async #either<Value>(step: StepName, task: () => Promise<[message: string, value: Value]>): Promise<Value> {
    try {
      const [message, value] = await task();
      this.#add({ step, status: 'ok', message });
      return value;
    } catch (error) {
      if (error instanceof Fault) this.#add(faultVerdict(step, error));
      throw error;
    }
  }

  /** @returns the Fault, if there is one */
  async #settled(step: StepName, task: () => Promise<string>): Promise<Fault | undefined> {
    try {
      await this.#step(step, task);
      return undefined;
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  #skip(step: StepName, message: string): void {
    this.#add({ step, status: 'skipped', message });
  }

  #add(verdict: Verdict): void {
    this.verdicts.push(verdict);
    this.#onVerdict(verdict);
  }
}
