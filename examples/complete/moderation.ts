import { json, Router } from 'express';
import type { Relay } from './relay.js';

const HOUR_MS = 3_600_000;

/** What moderators of your application do without being in the room. It holds in all processes. */
export function moderation(relay: Relay): Router {
  const router = Router();
  router.get('/rooms', (_request, response) => {
    response.json([...relay.rooms.values()].map(({ id, size, locked }) => ({ id, size, locked })));
  });
  router.post('/rooms/:room/bans', json(), async (request, response) => {
    const { userId, reason } = request.body ?? {};
    if (typeof userId !== 'string') {
      response.status(400).json({ message: 'Send {"userId": "…"}.' });
      return;
    }
    await relay.ban(request.params.room, userId, {
      durationMs: HOUR_MS,
      ...(reason && { reason: String(reason) }),
    });
    response.status(204).end();
  });
  router.post('/rooms/:room/end', async (request, response) => {
    await relay.rooms.get(request.params.room)?.end({ reason: 'The show is over.' });
    response.status(204).end();
  });
  return router;
}
