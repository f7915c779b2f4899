import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anonymous, type Session, SfuRelay } from '../../../../src/index.js';
import { moderate } from '../../../../src/signaling/rpc/moderate-request.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../../src/testing/index.js';

let sfu: ScriptedSfu;
let relay: SfuRelay;
let moderator: Session;

beforeAll(async () => {
  sfu = await startScriptedSfu();
  relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous() });
  moderator = await relay.createSession({
    roomId: 'lobby',
    userId: 'mod',
    sdp: fakeOffer(),
    principal: { grants: { roomAdmin: true } },
  });
});
afterAll(async () => {
  await relay.close();
  await sfu.stop();
});

describe('a member that an action does not take is refused, also where every object has one of that name', () => {
  const ofEveryObject = Object.getOwnPropertyNames(Object.prototype);

  test.each(ofEveryObject)('%s', async (name) => {
    // As JSON.parse makes it: "__proto__" is a member as any other.
    const params = JSON.parse(`{"action":"lock",${JSON.stringify(name)}:"x"}`);
    await expect(moderate(relay, moderator, params)).rejects.toMatchObject({
      code: 'ERR_RELAY_INVALID_PARAMS',
      message: `"lock" takes no such "${name}".`,
    });
    expect(moderator.room.locked).toBe(false);
  });
});
