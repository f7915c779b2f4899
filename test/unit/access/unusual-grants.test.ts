import { SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anonymous, type Grants, type Principal, SfuRelay } from '../../../src/index.js';
import { jwt } from '../../../src/plugins/auth/index.js';
import { fakeOffer, type ScriptedSfu, startScriptedSfu } from '../../../src/testing/index.js';

const refusals: Grants = { canPublish: false, canPublishData: false };

class WithGetters {
  get canPublish() {
    return false;
  }
  get canPublishData() {
    return false;
  }
}

class PrincipalWithGetters {
  get userId() {
    return 'alice';
  }
  get grants() {
    return refusals;
  }
}

let sfu: ScriptedSfu;
let relay: SfuRelay;

beforeEach(async () => {
  sfu = await startScriptedSfu();
  relay = new SfuRelay({ sfu: { serverUrl: sfu.address }, authenticate: anonymous(), logger: false });
});
afterEach(async () => {
  await relay.close();
  await sfu.stop();
});

const joinWith = (grants: Grants) =>
  relay.createSession({
    roomId: 'lobby',
    userId: 'alice',
    sdp: fakeOffer([], { dataChannel: false }),
    principal: { userId: 'alice', grants },
  });

test.each<[string, () => Grants]>([
  ['getters', () => new WithGetters()],
  ['inherited members', () => Object.create(refusals)],
  ['members of a frozen object', () => Object.freeze({ ...refusals })],
])('grants that are %s hold, also after a later change', async (_, make) => {
  const session = await joinWith(make());
  expect(session.role).toBe('subscriber');
  await relay.updateGrants(session.id, { maxTracks: 3 });
  expect(session.grants).toMatchObject({ ...refusals, maxTracks: 3 });
  await relay.renew(session, { userId: 'alice', grants: make() });
  expect(session.grants).toMatchObject(refusals);
  await expect(session.send({ kind: 'chat', data: { text: 'hello' } })).rejects.toMatchObject({
    code: 'ERR_RELAY_FORBIDDEN',
  });
});

test('what is changed by getters is changed', async () => {
  const session = await joinWith({});
  await relay.updateGrants(session.id, new WithGetters());
  expect(session.grants).toMatchObject(refusals);
});

test('a grant that is misspelled and inherited is refused', async () => {
  const misspelled = Object.create({ canpublish: false });
  await expect(joinWith(misspelled)).rejects.toMatchObject({ code: 'ERR_RELAY_INTERNAL' });
});

test.each<[string, () => Principal]>([
  ['has getters', () => new PrincipalWithGetters()],
  ['is inherited', () => Object.create({ userId: 'alice', grants: refusals })],
])('a principal of mapClaims that %s keeps its user and its grants', async (_, mapClaims) => {
  const secret = Buffer.from('s'.repeat(32));
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1 hour')
    .sign(secret);
  const authenticate = jwt({ secret, mapClaims });
  const principal = await authenticate({ url: '/', headers: {}, remoteAddress: undefined, token });
  expect(principal.userId).toBe('alice');
  expect(principal.grants).toEqual(refusals);
  expect(principal.expiresAt).toBeGreaterThan(0);
});

test.each(['id', 'user_id', 'uid', 'sub'])(
  'a principal that names its user by %j is refused',
  async (name) => {
    const naming = new SfuRelay({
      sfu: { serverUrl: sfu.address, probeOnStart: false },
      authenticate: () => ({ [name]: '789' }) as Principal,
      logger: false,
    });
    const request = { url: '/', headers: {}, remoteAddress: undefined, token: undefined };
    await expect(naming.authenticate(request)).rejects.toMatchObject({
      code: 'ERR_RELAY_INTERNAL',
      cause: { message: expect.stringContaining(`"${name}"`) },
    });
    await naming.close();
  },
);
