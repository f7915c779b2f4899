import type { MessageReceipt } from '../protocol/types.js';

interface ReceiptEntry {
  readonly receipt: Promise<MessageReceipt>;
  readonly expiresAt: number;
}

/** Receipts by id, oldest first. */
type SenderReceipts = Map<string, ReceiptEntry>;

/** Far longer than a client takes to reconnect and retry. */
const KEPT_MS = 10 * 60_000;
/** A limit per sender, so that no sender evicts the receipts of others. */
const MAX_PER_SENDER = 256;
const MAX_IN_ALL = 50_000;

/** Receipts of processed messages by sender and id; bounded in number and time. */
export class Receipts {
  /** The least recent senders first. */
  readonly #senders = new Map<string, SenderReceipts>();
  readonly #now: () => number;
  #size = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get size(): number {
    return this.#size;
  }

  /** Processes a message, or returns its earlier receipt. A failed message may be tried again. */
  once(senderId: string, id: string, act: () => Promise<MessageReceipt>): Promise<MessageReceipt> {
    const now = this.#now();
    const sender = this.#senders.get(senderId) ?? new Map<string, ReceiptEntry>();
    const known = sender.get(id);
    if (known && known.expiresAt > now) return known.receipt;

    const receipt = act();
    this.#forget(senderId, id);
    const entry = { receipt, expiresAt: now + KEPT_MS };
    sender.set(id, entry);
    this.#size += 1;
    this.#senders.delete(senderId);
    this.#senders.set(senderId, sender);
    receipt.catch(() => {
      if (this.#senders.get(senderId)?.get(id) === entry) this.#forget(senderId, id);
    });
    this.#tidy(senderId, sender, now);
    return receipt;
  }

  clear(): void {
    this.#senders.clear();
    this.#size = 0;
  }

  #tidy(senderId: string, sender: SenderReceipts, now: number): void {
    for (const [id, { expiresAt }] of sender) {
      if (sender.size <= MAX_PER_SENDER && expiresAt > now) break;
      this.#forget(senderId, id);
    }
    // Senders are ordered by their newest entry.
    for (const [otherId, other] of this.#senders) {
      for (const [id, { expiresAt }] of other) {
        if (this.#size <= MAX_IN_ALL && expiresAt > now) break;
        this.#forget(otherId, id);
      }
      if (other.size > 0) break;
    }
  }

  #forget(senderId: string, id: string): void {
    const sender = this.#senders.get(senderId);
    if (!sender?.delete(id)) return;
    this.#size -= 1;
    if (sender.size === 0) this.#senders.delete(senderId);
  }
}
