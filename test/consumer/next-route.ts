import type { SfuRelay } from 'sfu-relay';
import { createHandler } from 'sfu-relay/fetch';

declare const relay: SfuRelay;

/** What a route file of Next exports; compiled only. */
export const GET = createHandler(relay, { prefix: '/api/v1/sfu' });
export const HONO = (request: Request) => GET(request, { remoteAddress: '127.0.0.1' });

/** What `next build` says of it: Next up to 15 takes the arguments apart, later ones compare the whole function. */
interface Context {
  params: Promise<{ path: string[] }>;
}
// biome-ignore lint/suspicious/noExplicitAny: as Next has it.
type Any = any;
type Second<F> = F extends (...args: [Any, infer T]) => Any ? (unknown extends T ? Any : T) : never;
interface Checked<T> {
  second: T;
}
type Sound<Base, T extends Base> = T;
export type Older = Sound<Checked<Context>, Checked<Second<typeof GET>>>;

interface RouteHandlerConfig {
  GET?: (request: Request & { nextUrl: URL }, context: Context) => Promise<Response> | Response;
}
export type Newer = Sound<RouteHandlerConfig, { GET: typeof GET }>;
