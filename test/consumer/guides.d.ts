/**
 * What the fragments of README and the guides take for granted: a fragment shows the lines that matter, not those that
 * every application has around them. A program (with imports) declares its own.
 */
import type { Server } from 'node:http';
import type { register as Register } from 'prom-client';
import type { SfuRelay } from 'sfu-relay';
import type { connect as Connect, RelayClient } from 'sfu-relay/client';

declare global {
  // In the server.
  const relay: SfuRelay;
  const server: Server;
  const europe: SfuRelay;
  const asia: SfuRelay;
  const sessionId: string;
  const trackId: string;
  const messageId: string;
  const makeOffer: () => Promise<{ sdp: string; renamed: Record<string, string> }>;
  const poll: { question: string; options: string[] };
  const register: typeof Register;
  const db: { bans: BanTable };
  interface BanTable {
    upsert(row: { roomId: string; userId: string; reason?: string; until?: number }): Promise<void>;
    delete(key: { roomId: string; userId: string }): Promise<void>;
    find(key: { roomId: string; userId: string }): Promise<{ userId: string; until?: number } | undefined>;
  }

  // In the page.
  const client: RelayClient;
  const token: string;
  const publish: boolean;
  const connect: typeof Connect;
  const id: string;
  const sessionToken: string;
  const streamId: string;
  const camera: MediaStream;
  const banner: HTMLElement;
  const label: HTMLElement;
  /** What the page does with it. */
  type Shows = (...values: unknown[]) => void;
  const animate: Shows;
  const receive: Shows;
  const remove: Shows;
  const show: Shows;
  const showEnd: Shows;
  const changePage: Shows;
  const showCount: Shows;
  const showHand: Shows;
  const showHearts: Shows;
  const showMuted: Shows;
  const showPage: Shows;
  const showPeople: Shows;
  const tell: Shows;
}
