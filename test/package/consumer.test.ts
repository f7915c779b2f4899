import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConsumerProject } from '../support/consumer.js';

describe.each(['module', 'commonjs'] as const)('installed in a project of type %s', (type) => {
  let project: ConsumerProject;

  beforeAll(async () => {
    project = await ConsumerProject.create(type, ['zod']);
  });
  afterAll(async () => {
    await project?.remove();
  });

  test('a server compiles strictly, runs, and an error thrown by one entry point is known to the others', async () => {
    await project.addFixture('server.ts');
    const node = { target: 'es2022', lib: ['es2023'], types: ['node'], module: 'node20' };
    expect(await project.compile(['server.ts'], node)).toBe('');
    expect(JSON.parse(await project.run('server.js'))).toEqual({
      answered: 'answer',
      invalid: 'ERR_RELAY_UNAUTHENTICATED',
      joins: 1,
      refused: 4403,
      rooms: 'sfu_relay_rooms{relay="open"} 1',
      userId: '789',
    });
  });

  test('a server with each adapter compiles strictly, and runs', async () => {
    await project.addFixture('adapters.ts');
    // The types of Koa are at odds with one of their own dependencies.
    const node = { target: 'es2022', lib: ['es2023'], types: ['node'], module: 'node20', skipLibCheck: true };
    expect(await project.compile(['adapters.ts'], node)).toBe('');
    expect(JSON.parse(await project.run('adapters.js'))).toEqual({ codes: [0, 0], health: 200 });
  });

  test('members that are internal, and classes that only the library makes, are out of reach', async () => {
    await project.write(
      'beyond.ts',
      `import { type Room, Session, type SfuRelay } from 'sfu-relay';
       import { RelayClient } from 'sfu-relay/client';
       export const made = [new Session(), new RelayClient()];
       export const used = (relay: SfuRelay, room: Room) => [relay.attach, room.moderation];`,
    );
    const node = { target: 'es2022', lib: ['es2023', 'dom'], types: ['node'], module: 'node20' };
    const complaints = (await project.compile(['beyond.ts'], node)).match(/error TS\d+: .*/g) ?? [];
    expect(complaints).toEqual([
      expect.stringContaining(
        "'Session' cannot be used as a value because it was exported using 'export type'",
      ),
      expect.stringContaining(
        "'RelayClient' cannot be used as a value because it was exported using 'export type'",
      ),
      expect.stringContaining(
        "Property 'attach' does not exist on type 'SfuRelay<Principal, DefaultMessageKinds>'",
      ),
      expect.stringContaining("Property 'moderation' does not exist on type 'Room'"),
    ]);
  });

  test('a page compiles strictly, without the types of Node', async () => {
    await project.addFixture('browser.ts');
    const page = { target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], module: 'node20' };
    expect(await project.compile(['browser.ts'], page)).toBe('');
  });
});
