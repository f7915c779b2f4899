import type { NextFunction, Request, Response } from 'express';
import { jwtVerify } from 'jose';

export interface User {
  id: string;
  isStreamer: boolean;
  isModerator: boolean;
}

/** Lets in those who are logged in to your application: `response.locals.user` is the user. Replace it by your own login. */
export function requireUser(loginSecret: string) {
  const key = new TextEncoder().encode(loginSecret);
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const [, token = ''] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    try {
      const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'], audience: 'app' });
      if (!payload.sub) throw new Error('the token names no user');
      const user: User = {
        id: payload.sub,
        isStreamer: payload.streamer === true,
        isModerator: payload.moderator === true,
      };
      response.locals.user = user;
    } catch {
      response.status(401).json({ message: 'Log in first.' });
      return;
    }
    next();
  };
}

export function requireModerator(_request: Request, response: Response, next: NextFunction): void {
  const { isModerator } = response.locals.user as User;
  if (isModerator) next();
  else response.status(403).json({ message: 'Only moderators may do this.' });
}
