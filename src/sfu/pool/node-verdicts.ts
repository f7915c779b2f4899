import { RelayError } from '../../protocol/errors.js';
import { noop } from '../../util/noop.js';
import type { SfuNode } from './sfu-node.js';

/** ms after which the others are asked again about a node that only this process did not reach: it may be down by now. */
const AGAIN_MS = 5_000;

/** Asks the other processes whether a node is down. */
type AskOthers = (serverUrl: string) => Promise<boolean>;

/** A node that does not answer may be down, or only this process is cut off from it: then the rooms stay where they are. */
export class NodeVerdicts {
  /** Undefined where there are no other processes. */
  askOthers: AskOthers | undefined;
  /** Called when this process is cut off from a node that others reach. */
  onCutOff: (serverUrl: string, error: RelayError) => void = noop;
  readonly #pending = new Map<SfuNode, Promise<void>>();
  /** When the others were asked, by `performance.now()`, and what asks them again. */
  readonly #cutOff = new Map<SfuNode, { readonly at: number; readonly again: () => void }>();

  /** The node does not answer this process. Calls `down` if it is down, or nobody else can tell; `settled` unless it answers again. */
  judge(node: SfuNode, down: () => void, settled: () => void): void {
    if (!this.askOthers) {
      down();
      settled();
      return;
    }
    const pending: Promise<void> = this.askOthers(node.serverUrl)
      .catch(() => true)
      .then((isDown) => {
        // It has answered and failed again meanwhile: others are asked anew.
        if (this.#pending.get(node) !== pending) return this.#pending.get(node);
        this.#pending.delete(node);
        this.#cutOff.delete(node);
        if (isDown) down();
        else if (node.isDown) this.#cut(node, () => this.judge(node, down, settled));
        // It has answered meanwhile: its streams go on.
        else return;
        settled();
      });
    this.#pending.set(node, pending);
  }

  cameUp(node: SfuNode): void {
    this.#cutOff.delete(node);
  }

  /** Pending until the others have answered. */
  pendingOf(node: SfuNode | undefined): Promise<void> | undefined {
    if (!node) return undefined;
    const cut = this.#cutOff.get(node);
    if (cut && !this.#pending.has(node) && performance.now() - cut.at > AGAIN_MS) cut.again();
    return this.#pending.get(node);
  }

  isCutOff(node: SfuNode): boolean {
    return this.#cutOff.has(node);
  }

  #cut(node: SfuNode, again: () => void): void {
    this.#cutOff.set(node, { at: performance.now(), again });
    this.onCutOff(node.serverUrl, outOfReach());
  }
}

/** The client has to come by another process. */
export function outOfReach(): RelayError {
  return new RelayError(
    'ERR_RELAY_SFU_UNAVAILABLE',
    "This relay can't reach the SFU node of the room: connect again, to another one.",
  );
}
