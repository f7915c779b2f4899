import type { ScriptedStream } from '../../../src/testing/index.js';
import type { RawMessage } from '../raw-socket.js';
import type { Stage } from './stage.js';

const BATCH = 20;
/** Far beyond what the kernel keeps for two sockets. */
const MOST_MESSAGES = 100_000;

const line = (number: number) => `candidate:flood${number} 1 udp 1 127.0.0.1 9 typ host ${'x'.repeat(950)}`;

/**
 * The SFU sends candidates of a kilobyte on `stream` until `enough`. Between them the bystander is served: by the same
 * gRPC connection, which would stand still as soon as one of its streams were not read.
 */
export async function flood(
  stage: Stage,
  stream: ScriptedStream,
  enough: () => boolean,
): Promise<{ sent: number; mostBuffered: number }> {
  let sent = 0;
  let mostBuffered = 0;
  while (!enough()) {
    if (sent >= MOST_MESSAGES) throw new Error(`${sent} messages were not enough: ${enough}`);
    for (let i = 0; i < BATCH; i += 1) {
      const init = JSON.stringify({ candidate: line(sent) });
      stream.send({ $case: 'trickle', value: { target: 0, init } });
      sent += 1;
    }
    await stage.bystander.expectServed();
    mostBuffered = Math.max(mostBuffered, stage.server.buffered());
  }
  return { sent, mostBuffered };
}

/** Which messages of a flood are among those that have come, in their order. */
export function floodIn(received: readonly RawMessage[]): number[] {
  return received.flatMap(({ params }) => {
    const number = /"candidate:flood(\d+) /.exec(JSON.stringify(params?.candidate) ?? '')?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}
