import { Router } from 'express';
import { SignJWT } from 'jose';
import type { User } from './login.js';

/** `POST /live-token/:room`: a token for one room, valid for minutes. The browser's `getToken` asks for it, again and again. */
export function liveTokens(liveSecret: string): Router {
  const key = new TextEncoder().encode(liveSecret);
  return Router().post('/:room', async (request, response) => {
    const { id, isStreamer, isModerator } = response.locals.user as User;
    const room = request.params.room;
    const token = await new SignJWT({
      video: { roomJoin: true, room, canPublish: isStreamer, canPublishData: true, roomAdmin: isModerator },
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(id)
      .setAudience('live')
      .setExpirationTime('10 minutes')
      .sign(key);
    response.type('text').send(token);
  });
}
