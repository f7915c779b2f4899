import Koa from 'koa';
import Koa2 from 'koa2';
import { createMiddleware } from '../../src/adapters/koa.js';
import { httpContract } from './http-contract.js';
import { MOUNT } from './http-stage.js';

for (const [version, Application] of [
  ['Koa 3', Koa],
  ['Koa 2', Koa2],
] as const) {
  httpContract(version, (relay, options) => {
    const application = new Application()
      .use(createMiddleware(relay, { ...options, prefix: MOUNT }))
      .use((context) => {
        context.status = 404;
        context.body = 'not the API';
      });
    // Otherwise it prints the errors of connections that clients break.
    application.silent = true;
    return application.callback();
  });
}
