import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { turnRest } from '../../src/index.js';
import { launchFirefox, type TestFirefox } from '../support/firefox.js';
import { type IonServer, startIon } from '../support/ion.js';
import { type PageServer, startPageServer } from '../support/page-server.js';
import { BrowserParticipant } from '../support/participant.js';
import { describeReal } from '../support/real.js';
import { startRelay } from '../support/relay-server.js';
import { makeCertificate } from './certificate.js';
import { startTurn, TURN_SECRET, type TurnServer } from './turn.js';

describeReal(['ion', 'firefox', 'coturn', 'openssl'], 'Firefox in a network without UDP', () => {
  let folder: string;
  let turn: TurnServer;
  let ion: IonServer;
  let pages: PageServer;
  let firefox: TestFirefox;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sfu-relay-ops-'));
    turn = await startTurn(folder, await makeCertificate(folder));
    ion = await startIon();
    pages = await startPageServer();
    firefox = await launchFirefox();
  });
  afterAll(async () => {
    await firefox?.close();
    await pages?.close();
    await ion?.stop();
    await turn?.child.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(['tcp', 'tls'] as const)('sends and receives by TURN over %s', async (way) => {
    // Firefox takes no address for TLS.
    const uri = way === 'tcp' ? `turn:127.0.0.1:${turn.port}` : `turns:localhost:${turn.tlsPort}`;
    const iceServers = turnRest({ secret: TURN_SECRET, uris: [`${uri}?transport=tcp`] });
    const relay = await startRelay(ion.address, { iceServers });
    onTestFinished(() => relay.close());
    const enter = async (user: string) => {
      const entry = {
        url: relay.url,
        room: way,
        user,
        rtcConfiguration: { iceTransportPolicy: 'relay' } as const,
      };
      return (await BrowserParticipant.open(firefox, pages.url, 'sfu-relay/client', entry)).join();
    };
    const [publisher, viewer] = [await enter('publisher'), await enter('viewer')];
    const ufrag = await publisher.iceUfrag();
    await viewer.sees(await publisher.publishCamera());
    expect(await publisher.iceUfrag(), 'of the join').toBe(ufrag);
    for (const { tab } of [publisher, viewer]) expect(tab.errors).toEqual([]);
    await publisher.close();
    await viewer.close();
  });
});
