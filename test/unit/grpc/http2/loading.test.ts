import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { SfuRelay } from '../../../../src/index.js';
import { Heard, onConnect, useNodes } from './nodes.js';
import { useStage } from './stage.js';

const stage = useStage();
const nodes = useNodes();
const signal = new AbortController().signal;
const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('@grpc/grpc-js'));

test('@grpc/grpc-js is loaded by the first stream that is to go by it, and not before', async () => {
  const server = await stage.serve();
  onConnect(server, (peer) => peer.greet());
  expect(SfuRelay).toBeTypeOf('function');
  await nodes.connect(server.address).open(new Heard(), signal);
  const byGrpcJs = nodes.connect(server.address, { client: 'grpc-js' });
  expect(loaded()).toBe(false);
  await byGrpcJs.open(new Heard(), signal);
  expect(loaded()).toBe(true);
});
