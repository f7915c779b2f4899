// @ts-check
/** The page of the live room: its folders and its response headers. */
import { fileURLToPath } from 'node:url';

export const pageFolder = fileURLToPath(new URL('./public/', import.meta.url));

/** Signs development tokens. */
export const tokenPageFolder = fileURLToPath(new URL('./token-page/', import.meta.url));

/** Tells the page that there are several SFU nodes. */
export const clusterSetupFolder = fileURLToPath(new URL('./cluster-setup/', import.meta.url));

/** The browser library, from the build; the page loads it from `/sfu-relay/`. */
export const clientFolder = fileURLToPath(new URL('.', import.meta.resolve('sfu-relay/client')));

export const pageHeaders = new Map([
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  [
    'content-security-policy',
    "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; frame-ancestors 'none'",
  ],
]);
