import { authenticationFailure, type Principal } from '../access/authentication.js';
import { RelayError, type RelayErrorCode } from '../protocol/errors.js';
import type { HookFailureReason, RelayCounters } from '../telemetry/relay-counters.js';
import type { CancelSignal } from '../util/cancellation.js';
import { checkOptions, didYouMean, type Keys } from '../util/check-options.js';
import { withDeadline } from '../util/deadline.js';
import { isPromise } from '../util/is-promise.js';
import { isPlain } from '../util/is-record.js';
import { LazySignal } from '../util/lazy-signal.js';
import type { Logger } from '../util/logger.js';
import type { AskedHook, HookContext, HookFailure, Hooks } from './hooks.js';

type HookName = keyof Hooks;
type Hook = (payload: object) => unknown;

/** A hook's payload without the signal, which the runner adds. */
type HookPayload<P extends Principal, Name extends HookName> = Omit<
  Parameters<NonNullable<Hooks<P>[Name]>>[0],
  keyof HookContext
>;

/** The error of a client whose hook throws something other than a RelayError; `onAuthenticate` follows `authenticate`. */
const REFUSALS: Record<Exclude<AskedHook, 'onAuthenticate'>, readonly [RelayErrorCode, string]> = {
  onConnect: ['ERR_RELAY_FORBIDDEN', 'You may not connect.'],
  onJoin: ['ERR_RELAY_FORBIDDEN', 'You may not join this room.'],
  onSignal: ['ERR_RELAY_FORBIDDEN', 'You may not do this.'],
  onReply: ['ERR_RELAY_INTERNAL', 'Internal error.'],
  onMessage: ['ERR_RELAY_FORBIDDEN', 'You may not send this message.'],
};

const FAILURE_KEYS: Keys<HookFailure> = {
  onConnect: true,
  onAuthenticate: true,
  onJoin: true,
  onSignal: true,
  onReply: true,
  onMessage: true,
};

export const HOOK_NAMES: readonly HookName[] = [
  ...(Object.keys(FAILURE_KEYS) as AskedHook[]),
  'onInterrupted',
  'onResumed',
  'onMoved',
  'onLeave',
  'onClose',
];

interface HookRunnerSetup {
  timeoutMs: number;
  failure: HookFailure;
  logger: Logger;
  failures: RelayCounters['hookFailures'];
}

/**
 * Calls the application's hooks. The result of a synchronous hook is returned synchronously, without a promise.
 */
export class HookRunner<P extends Principal = Principal> {
  readonly #hooks: { readonly [Name in HookName]?: Hook };
  readonly #setup: HookRunnerSetup;

  /** @throws RelayError `ERR_RELAY_CONFIG` */
  constructor(hooks: Hooks<P>, setup: HookRunnerSetup) {
    this.#hooks = bind(hooks);
    checkFailure(setup.failure);
    this.#setup = { ...setup, failure: { ...setup.failure } };
  }

  has(name: HookName): boolean {
    return this.#hooks[name] !== undefined;
  }

  /**
   * The result of the hook, where `isSound` accepts it; undefined where the hook changes nothing. A promise only where the hook
   * returned one. `until` is aborted when the result is not needed any more.
   * @throws RelayError the refusal, at once or by the promise
   */
  ask<Name extends AskedHook, Answer>(
    name: Name,
    payload: HookPayload<P, Name>,
    isSound: (answer: unknown) => answer is Answer,
    until?: CancelSignal,
  ): Answer | undefined | Promise<Answer | undefined> {
    const hook = this.#hooks[name];
    if (!hook) return undefined;
    const call = Object.assign(new LazySignal(), payload);
    try {
      const answer = hook(call);
      if (!isPromise(answer)) return this.#check(name, answer, isSound);
      return this.#wait(name, answer, call, until)
        .then((late) => this.#check(name, late, isSound))
        .catch((error) => this.#failed(name, error, until));
    } catch (error) {
      return this.#failed(name, error);
    }
  }

  /** Calls the hook without waiting for it; never throws. */
  tell<Name extends Exclude<HookName, AskedHook>>(name: Name, payload: HookPayload<P, Name>): void {
    const hook = this.#hooks[name];
    if (!hook) return;
    const call = Object.assign(new LazySignal(), payload);
    const failed = (err: unknown) => {
      this.#count(name, err);
      this.#setup.logger.error({ err, hook: name }, `${name} failed`);
    };
    try {
      const told = hook(call);
      if (isPromise(told)) this.#wait(name, told, call).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #check<Answer>(
    name: AskedHook,
    answer: unknown,
    isSound: (answer: unknown) => answer is Answer,
  ): Answer | undefined {
    let cause: unknown;
    try {
      if (answer === undefined || isSound(answer)) return answer;
    } catch (error) {
      cause = error;
    }
    const fault = `${name} has returned an unusable value: ${describe(answer)}.`;
    throw new HookFault('unusable', 'Internal error.', fault, { cause });
  }

  async #wait(
    name: HookName,
    answer: PromiseLike<unknown>,
    call: LazySignal,
    until?: CancelSignal,
  ): Promise<unknown> {
    const { timeoutMs, logger } = this.#setup;
    let isOver = false;
    const settled = Promise.resolve(answer);
    settled.catch((err) => {
      if (isOver) logger.warn({ err, hook: name }, `${name} failed after its deadline`);
    });
    try {
      const fault = `${name} has not answered within ${timeoutMs} ms.`;
      const late = () => new HookFault('timeout', 'The application does not answer.', fault);
      return await withDeadline(settled, timeoutMs, late, until);
    } catch (error) {
      isOver = true;
      call.abort(error);
      throw error;
    }
  }

  /** Applies `hookFailure`. */
  #failed(name: AskedHook, error: unknown, until?: CancelSignal): undefined {
    if (error instanceof RelayError) {
      const own = RelayError.from(error);
      // A hook has misused the library: the advice is for operators, not for the client.
      if (own.code !== 'ERR_RELAY_CONFIG') throw own;
    }
    if (until?.aborted) throw RelayError.from(until.reason, 'ERR_RELAY_ABORTED', 'Cancelled.');
    this.#count(name, error);
    const { logger, failure } = this.#setup;
    const passes = failure[name] === 'pass';
    const fields = { err: error, hook: name, outcome: passes ? 'pass' : 'refuse' };
    if (isHookFault(error)) logger.error(fields, `${name} failed`);
    else logger.warn(fields, `${name} failed`);
    if (passes) return undefined;
    if (isHookFault(error)) throw new RelayError('ERR_RELAY_INTERNAL', error.sentence, { cause: error });
    if (name === 'onAuthenticate') throw authenticationFailure(error);
    const [code, message] = REFUSALS[name];
    throw new RelayError(code, message, { cause: error });
  }

  #count(name: HookName, error: unknown): void {
    this.#setup.failures[isHookFault(error) ? error.reason : 'error'].add(name);
  }
}

/** Reads no member: a hook may throw a Proxy with traps. */
function isHookFault(error: unknown): error is HookFault {
  return faults.has(error as object);
}

const faults = new WeakSet<object>();

/** The hook misses its deadline or returns an unusable value. */
class HookFault extends Error {
  override readonly name = 'HookFault';

  constructor(
    readonly reason: HookFailureReason,
    /** The message for the client. */
    readonly sentence: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    faults.add(this);
  }
}

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}

/** Binds the hooks, which may be methods of an object. */
function bind<P extends Principal>(hooks: Hooks<P>): Partial<Record<HookName, Hook>> {
  if (typeof hooks !== 'object' || hooks === null)
    throw new RelayError('ERR_RELAY_CONFIG', '"hooks" must be an object: hooks: { onJoin({ userId }) {} }.');
  // An instance of a class may have other members than hooks.
  const isLiteral = isPlain(hooks);
  const isUnknown = (name: string) =>
    (isLiteral || /^on/i.test(name)) && !(HOOK_NAMES as readonly string[]).includes(name);
  const [unknown] = Object.entries(hooks).find(([name, hook]) => hook !== undefined && isUnknown(name)) ?? [];
  if (unknown !== undefined)
    throw new RelayError(
      'ERR_RELAY_CONFIG',
      `There is no hook "${unknown}". ${didYouMean(unknown, HOOK_NAMES)}`,
    );
  const bound: Partial<Record<HookName, Hook>> = {};
  for (const name of HOOK_NAMES) {
    const hook: unknown = hooks[name];
    if (hook === undefined) continue;
    if (typeof hook !== 'function')
      throw new RelayError('ERR_RELAY_CONFIG', `"hooks.${name}" must be a function.`);
    bound[name] = hook.bind(hooks);
  }
  return bound;
}

function checkFailure(failure: HookFailure): void {
  checkOptions(
    { name: '"hookFailure"', example: 'hookFailure: { onMessage: "pass" }' },
    failure,
    FAILURE_KEYS,
  );
  for (const [name, policy] of Object.entries(failure)) {
    if (policy !== undefined && policy !== 'refuse' && policy !== 'pass')
      throw new RelayError('ERR_RELAY_CONFIG', `"hookFailure.${name}" must be "refuse" or "pass".`);
  }
}
