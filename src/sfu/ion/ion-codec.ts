import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { PREFIX_BYTES } from '../../grpc/grpc-connection.js';
import { RelayError } from '../../protocol/errors.js';
import type { Target } from '../../protocol/types.js';
import { Reply, Request } from './gen/rtc.js';

/** Shared by all messages: its buffer is the larger part of a writer's cost. */
const writer = new BinaryWriter();
const PREFIX = new Uint8Array(PREFIX_BYTES);

/** A request as it is written to the stream, with gRPC's length prefix. */
export function encodeRequest(payload: Request['payload']): Buffer {
  try {
    Request.encode({ payload }, writer.raw(PREFIX));
  } catch (error) {
    // Discards the partial message: the next one would begin with it.
    writer.finish();
    throw error;
  }
  const framed = Buffer.from(writer.finish().buffer);
  framed.writeUInt32BE(framed.length - PREFIX_BYTES, 1);
  return framed;
}

/** @throws RelayError `ERR_RELAY_SFU_STREAM_ENDED`: the message is not a valid `Reply` */
export function decodeReply(message: Buffer): Reply {
  try {
    return Reply.decode(message);
  } catch (cause) {
    throw new RelayError('ERR_RELAY_SFU_STREAM_ENDED', 'The SFU ended the session.', { cause });
  }
}

/** The tags of `Request.trickle` and `Reply.trickle`, of `Trickle.target` and `Trickle.init` (proto/rtc.proto). */
const TRICKLE = 0x1a;
const TARGET = 0x08;
const INIT = 0x12;

/** Most messages of a stream are candidates. They are encoded by hand, which is faster; the bytes equal those of the generated code. */
export function encodeTrickle(target: Target, init: string): Buffer {
  const initBytes = Buffer.byteLength(init);
  const trickleBytes = (target === 0 ? 0 : 2) + 1 + varintBytes(initBytes) + initBytes;
  const framed = framedBuffer(1 + varintBytes(trickleBytes) + trickleBytes);
  let at = PREFIX_BYTES;
  framed[at++] = TRICKLE;
  at = writeVarint(framed, at, trickleBytes);
  if (target !== 0) {
    framed[at++] = TARGET;
    framed[at++] = target;
  }
  framed[at++] = INIT;
  at = writeVarint(framed, at, initBytes);
  framed.write(init, at);
  return framed;
}

/** Target and `init` of a reply that contains nothing but a candidate; undefined for all other replies. */
export function decodeTrickle(message: Buffer): { target: Target; init: string } | undefined {
  if (message[0] !== TRICKLE) return undefined;
  const outerBytes = varintBytesAt(message, 1);
  let at = 1 + outerBytes;
  if (at + readVarint(message, 1, outerBytes) !== message.length) return undefined;
  let target: Target = 0;
  if (message[at] === TARGET) {
    if (message[at + 1] !== 1) return undefined;
    target = 1;
    at += 2;
  }
  if (message[at] !== INIT) return undefined;
  const lengthBytes = varintBytesAt(message, at + 1);
  const start = at + 1 + lengthBytes;
  // `init` must be the last field.
  if (start + readVarint(message, at + 1, lengthBytes) !== message.length) return undefined;
  return { target, init: message.toString('utf8', start) };
}

function framedBuffer(messageBytes: number): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + messageBytes);
  framed[0] = 0;
  framed.writeUInt32BE(messageBytes, 1);
  return framed;
}

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : 4;
}

function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  return at;
}

function varintBytesAt(buffer: Buffer, start: number): number {
  let at = start;
  while ((buffer[at] ?? 0) >= 0x80) at += 1;
  return at + 1 - start;
}

function readVarint(buffer: Buffer, start: number, bytes: number): number {
  let value = 0;
  for (let n = bytes - 1; n >= 0; n -= 1) value = value * 0x80 + ((buffer[start + n] ?? 0) & 0x7f);
  return value;
}
