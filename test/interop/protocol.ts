/**
 * What all servers of the suite say: a join is answered, a candidate may be a command (`end 9`, `headers 70`, `metadata`), and
 * everything else is said again.
 */

/** Reply { join: { success: true, description: { type: "answer", sdp: "v=0" } } } */
export const JOINED = Buffer.from('\x0a\x13\x08\x01\x1a\x0f\x12\x06answer\x1a\x05v=0\r\n', 'latin1');

/** Reply { trickle: { init: text } } of a short text. */
export function trickleOf(text: string): Buffer {
  const init = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x1a, init.length + 2, 0x12, init.length]), init]);
}

/** The command in a candidate; of another message, an empty one. */
export function commandOf(message: Buffer): { name: string; argument: string } {
  const text = message[0] === 0x1a ? message.toString('utf8', 4, 64) : '';
  const [name = '', argument = ''] = text.split(' ');
  return { name, argument };
}
