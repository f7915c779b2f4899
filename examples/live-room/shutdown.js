// @ts-check
/** The end of a server process. */

/** @typedef {import('sfu-relay').CloseOptions} CloseOptions */

/** @type {CloseOptions} Ctrl+C waits for nobody. */
const AT_ONCE = { timeoutMs: 2_000 };

/**
 * SIGTERM is a deploy: the load balancer notices first, then the clients leave one after the other. Ctrl+C and a closed terminal end
 * the process at once. So does a second signal, whatever still goes on.
 * @param {CloseOptions} deploy how the relay closes on SIGTERM
 * @param {(options: CloseOptions) => Promise<unknown>} close closes the relay, then what it needs
 */
export function closeOnSignal(deploy, close) {
  let isClosing = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
    process.on(signal, async () => {
      if (isClosing) process.exit(1);
      isClosing = true;
      console.log('Closing …');
      await close(signal === 'SIGTERM' ? deploy : AT_ONCE);
      process.exit(0);
    });
}
