import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { turnRest } from '../../src/index.js';
import { Child } from '../support/child.js';
import { describeReal } from '../support/real.js';
import { makeCertificate } from './certificate.js';
import { startTurn, TURN_SECRET, type TurnServer } from './turn.js';

describeReal(['coturn', 'openssl'], 'coturn with the file of ops/', () => {
  let folder: string;
  let turn: TurnServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
    turn = await startTurn(folder, await makeCertificate(folder));
  });
  afterAll(async () => {
    await turn?.child.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** coturn's own client sends some packets through the server. */
  async function send(credentials: string[], peer: string[] = ['-y']): Promise<string> {
    const options = ['-n', '2', '-m', '1', '-p', String(turn.port), ...credentials, ...peer];
    const client = new Child('turnutils_uclient', [...options, '127.0.0.1']);
    await client.ended();
    return client.log;
  }

  let users = 0;
  const credentialsOf = (secret: string) => {
    const [{ username = '', credential = '' } = {}] = turnRest({ secret, uris: ['turn:127.0.0.1'] })({
      userId: `user-${users++}`,
    });
    return ['-u', username, '-w', credential];
  };

  test('relays for the credentials of turnRest', async () => {
    const log = await send(credentialsOf(TURN_SECRET));
    expect(log).toMatch(/start_mclient: tot_send_msgs=8, tot_recv_msgs=8$/m);
  });

  test('refuses those of another secret', async () => {
    expect(await send(credentialsOf('another secret'))).toContain('Cannot complete Allocation');
  });

  test('refuses those whose time is over', async () => {
    const name = '1000000000:alice';
    const password = createHmac('sha1', TURN_SECRET).update(name).digest('base64');
    expect(await send(['-u', name, '-w', password])).toContain('Cannot complete Allocation');
  });

  test('reaches no address but those of the SFU nodes', async () => {
    for (const address of ['10.0.0.1', '169.254.169.254', '203.0.113.23'])
      expect(await send(credentialsOf(TURN_SECRET), ['-e', address, '-r', '80'])).toContain(
        '403 (Forbidden IP)',
      );
  });
});
