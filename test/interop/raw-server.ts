import { gzipSync } from 'node:zlib';
import { HpackDecoder } from '../../src/grpc/http2/hpack/decoder.js';
import {
  data,
  ErrorCode,
  Flag,
  FrameType,
  goAway,
  headers,
  ping,
  windowUpdate,
} from '../unit/grpc/http2/frames.js';
import { type Field, literals } from '../unit/grpc/http2/hpack-encoder.js';
import { RawHttp2Server, type RawPeer } from '../unit/grpc/http2/raw-http2-server.js';
import { framed } from '../unit/grpc/http2/recorded-call.js';
import { commandOf, JOINED, trickleOf } from './protocol.js';

interface Options {
  maxStreams?: number;
  /** A GOAWAY after so many streams of a connection, which leaves out what comes after. */
  streamsToGoaway?: number;
  gzip?: boolean;
}

/** By frames, without any library. */
export async function startRawServer(options: Options): Promise<RawHttp2Server> {
  const server = await RawHttp2Server.listen();
  server.onPeer = (peer) => serve(peer, options);
  return server;
}

function largeFields(count: number): Field[] {
  return Array.from({ length: count }, (_, n) => [`x-large-${n}`, 'x'.repeat(1_000)]);
}

function serve(
  peer: RawPeer,
  { maxStreams, streamsToGoaway = Number.POSITIVE_INFINITY, gzip }: Options,
): void {
  const decoder = new HpackDecoder();
  const received = new Map<number, Buffer>();
  const requests = new Map<number, Readonly<Record<string, string>>>();
  let count = 0;

  const reply = (id: number, message: Buffer) => {
    if (!gzip) return peer.send(data(id, framed(message)));
    const packed = framed(gzipSync(message));
    packed[0] = 1;
    peer.send(data(id, packed));
  };
  const end = (id: number, ...fields: Field[]) => {
    received.delete(id);
    const block = literals(...fields);
    const cutAt = Array(Math.floor(block.length / 16_000)).fill(16_000);
    peer.send(headers(id, block, { endStream: true, cutAt }));
  };

  function take(id: number, message: Buffer): void {
    const { name, argument } = commandOf(message);
    if (message[0] === 0x0a) reply(id, JOINED);
    else if (name === 'end') end(id, ['grpc-status', argument], ['grpc-message', 'as wished: %C3%A4']);
    else if (name === 'headers') end(id, ['grpc-status', '0'], ...largeFields(Number(argument)));
    else if (name === 'metadata') reply(id, trickleOf(requests.get(id)?.authorization ?? ''));
    else reply(id, message);
  }

  peer.onFrame = ({ type, flags, streamId, payload }) => {
    if (type === FrameType.PING && !(flags & Flag.ACK)) peer.send(ping(payload, true));
    if (type === FrameType.RST_STREAM) received.delete(streamId);
    if (type === FrameType.HEADERS) {
      const fields = decoder.decode(payload) ?? {};
      count += 1;
      // What comes after a GOAWAY is not looked at.
      if (count > streamsToGoaway) return;
      requests.set(streamId, fields);
      received.set(streamId, Buffer.alloc(0));
      const response: Field[] = [
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ];
      peer.send(
        headers(streamId, literals(...response, ...(gzip ? [['grpc-encoding', 'gzip'] as const] : []))),
      );
      if (count === streamsToGoaway) peer.send(goAway(streamId, ErrorCode.NO_ERROR));
    }
    if (type !== FrameType.DATA) return;
    if (payload.length > 0) peer.send(windowUpdate(0, payload.length));
    let bytes = received.get(streamId);
    if (!bytes) return;
    if (payload.length > 0) peer.send(windowUpdate(streamId, payload.length));
    bytes = Buffer.concat([bytes, payload]);
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const next = 5 + bytes.readUInt32BE(1);
      take(streamId, bytes.subarray(5, next));
      bytes = bytes.subarray(next);
    }
    if (!received.has(streamId)) return;
    received.set(streamId, bytes);
    if (flags & Flag.END_STREAM) end(streamId, ['grpc-status', '0']);
  };
  peer.greet(maxStreams === undefined ? {} : { MAX_CONCURRENT_STREAMS: maxStreams });
}
