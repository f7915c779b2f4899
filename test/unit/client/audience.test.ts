import { beforeEach, expect, test } from 'vitest';
import { installFakeBrowser } from './fake-browser.js';
import { joined, participant } from './participant.js';

beforeEach(installFakeBrowser);

const bob = participant('bob');
const inLargeRoom = () =>
  joined({ participants: [bob], audience: { count: 40 }, listed: false, revision: 10 });

test('the audience is counted from the join on, and the changes of a notification are told one by one', async () => {
  const { client, socket, of } = await inLargeRoom();
  expect([client.audience, client.session?.listed]).toEqual([{ count: 40 }, false]);
  const eve = participant('eve');
  socket.notify('participants', {
    ...{ from: 10, revision: 14 },
    listed: [eve],
    left: ['bob'],
    audience: { count: 42 },
  });
  expect(client.audience).toEqual({ count: 42 });
  expect([...client.participants.keys()]).toEqual(['eve']);
  expect(of('participants')).toEqual([
    { revision: 14, state: 'left', participant: bob },
    { revision: 14, state: 'listed', participant: eve },
  ]);
  expect(of('audience')).toEqual([{ count: 42 }]);
});

test('a notification that is older than the join result is not told', async () => {
  const { client, socket, of } = await inLargeRoom();
  socket.notify('participants', { from: 8, revision: 9, left: ['bob'], audience: { count: 3 } });
  expect([client.audience, client.participants.size]).toEqual([{ count: 40 }, 1]);
  expect([of('participants'), of('audience')]).toEqual([[], []]);
});

test('findParticipants() returns a page, whose changes are told as they come', async () => {
  const { client, socket, of } = await inLargeRoom();
  const page = { participants: [participant('ada')], cursor: '17', audience: { count: 40 }, revision: 10 };
  socket.results.participants = () => page;
  expect(await client.findParticipants({ query: 'ad', limit: 1 })).toEqual(page);
  expect(await client.findParticipants()).toEqual(page);
  expect(socket.params('participants')).toEqual([{ query: 'ad', limit: 1 }, {}]);

  const changes = { updated: [participant('ada')], left: ['eve'] };
  socket.notify('participants', { from: 10, revision: 10, page: changes });
  expect(of('page')).toEqual([changes]);
  expect(client.participants.has('ada')).toBe(false);
});

test('without a session nobody is counted', async () => {
  const { client } = await inLargeRoom();
  await client.leave();
  expect([client.audience, client.participants.size]).toEqual([{ count: 0 }, 0]);
});
