import { RelayError } from '../../protocol/errors.js';
import { noop } from '../../util/noop.js';
import type { SfuNode } from './sfu-node.js';

/** Asks the other processes whether a node is down. */
type AskOthers = (serverUrl: string) => Promise<boolean>;

/** A node that does not answer may be down, or only this process is cut off from it: then the rooms stay where they are. */
export class NodeVerdicts {
  /** Undefined where there are no other processes. */
  askOthers: AskOthers | undefined;
  /** Called when this process is cut off from a node that others reach. */
  onCutOff: (serverUrl: string, error: RelayError) => void = noop;
  readonly #pending = new Map<SfuNode, Promise<void>>();
  readonly #cutOff = new Set<SfuNode>();

  /** The node does not answer this process. Calls `down` if it is down, or nobody else can tell; `settled` in any case. */
  judge(node: SfuNode, down: () => void, settled: () => void): void {
    if (!this.askOthers) {
      down();
      settled();
      return;
    }
    const pending = this.askOthers(node.serverUrl)
      .catch(() => true)
      .then((isDown) => {
        this.#pending.delete(node);
        // It may have answered meanwhile.
        if (isDown) down();
        else if (node.isDown) this.#cut(node);
        settled();
      });
    this.#pending.set(node, pending);
  }

  cameUp(node: SfuNode): void {
    this.#cutOff.delete(node);
  }

  /** Pending until the others have answered. */
  pendingOf(node: SfuNode | undefined): Promise<void> | undefined {
    return node && this.#pending.get(node);
  }

  isCutOff(node: SfuNode): boolean {
    return this.#cutOff.has(node);
  }

  #cut(node: SfuNode): void {
    this.#cutOff.add(node);
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
