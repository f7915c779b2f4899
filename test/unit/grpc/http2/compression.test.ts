import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../../src/grpc/grpc-connection.js';
import { cut, data, headers } from './frames.js';
import { literals } from './hpack-encoder.js';
import { finish, message, useStage } from './stage.js';

const stage = useStage();

function compressed(content: Buffer): Buffer {
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(content.length, 1);
  return Buffer.concat([prefix, content]);
}

/** A call whose response says how its messages are compressed. */
async function answeredBy(encoding?: string) {
  const { peer, connection } = await stage.open();
  const call = stage.call(connection);
  const id = await peer.stream();
  const named = encoding === undefined ? [] : [['grpc-encoding', encoding] as const];
  peer.send(headers(id, literals([':status', '200'], ['content-type', 'application/grpc'], ...named)));
  return { peer, connection, call, id };
}

describe('messages that a server compresses without being asked', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('are read: %s', async (encoding, compress) => {
    const { peer, call, id } = await answeredBy(encoding);
    peer.send(data(id, compressed(compress('squeezed'))), message(id, 'as it is'));
    peer.send(...cut(data(id, compressed(compress(''))), [3, 10]), finish(id));
    expect(await call.received(3)).toEqual(['squeezed', 'as it is', '']);
    expect((await call.ended()).code).toBe('OK');
  });

  test.each<[what: string, encoding: string | undefined, content: Buffer]>([
    ['of an unknown encoding', 'snappy', gzipSync('x')],
    ['of an encoding without a name', undefined, gzipSync('x')],
    ['that are not compressed', 'gzip', Buffer.from('plain')],
    ['that are damaged', 'gzip', gzipSync('x'.repeat(100)).subarray(0, 20)],
    ['that are a bomb', 'gzip', gzipSync(Buffer.alloc(MAX_MESSAGE_BYTES + 1))],
  ])('%s end their call, and no other', async (_, encoding, content) => {
    const { peer, connection, call, id } = await answeredBy(encoding);
    const other = stage.call(connection);
    const [, otherId = 0] = await peer.streams(2);
    peer.send(data(id, compressed(content)));
    expect((await call.ended()).code).toBe('INTERNAL');
    expect(call.messages).toEqual([]);
    peer.send(headers(otherId, literals([':status', '200'])), message(otherId, 'goes on'));
    expect(await other.received(1)).toEqual(['goes on']);
  });
});
