import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Of Next, which is too large to be installed for one example, what the custom server of docs/RECIPES.md uses. */
export default function next(options: { dev: boolean; hostname: string; port: number; httpServer: Server }): {
  prepare(): Promise<void>;
  getRequestHandler(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
};
