// @ts-check
/** Prints a token: node token.js <user> <room>. Your backend issues such tokens to the users who are logged in. */
import { SignJWT } from 'jose';

const [user = 'alice', room = 'lobby'] = process.argv.slice(2);
const secret = new TextEncoder().encode(process.env.LIVE_SECRET);
const token = await new SignJWT({ video: { roomJoin: true, room } })
  .setProtectedHeader({ alg: 'HS256' })
  .setSubject(user)
  .setAudience('live')
  .setExpirationTime('1 hour')
  .sign(secret);
console.log(token);
