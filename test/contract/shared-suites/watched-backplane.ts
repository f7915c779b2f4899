import type { Backplane, MaybePromise } from '../../../src/backplane/backplane.js';

/** Before a text with this in it is sent, `act` decides whether it gets lost. */
export const before =
  (part: string, act: () => MaybePromise<boolean>) =>
  (backplane: Backplane): Backplane =>
    new Proxy(backplane, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'send') return value.bind(target);
        return async (to: string, text: string) => {
          if (text.includes(part) && !(await act())) return false;
          return target.send(to, text);
        };
      },
    });

/** As `before`, of requests. */
export const beforeAsking = (method: string, act: () => MaybePromise<boolean>) =>
  before(`"method":"${method}"`, act);

/** Requests of this method get lost. */
export const without = (method: string) => beforeAsking(method, () => false);
