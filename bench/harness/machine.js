import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';

const cores = availableParallelism();
const canPin = cores > 1 && works('taskset', '-c', '0', 'true');
/** The relay has a core of its own; on one core alone, or without taskset, they share what there is. */
const CORES = { relay: '0', load: '1' };

/** A command and its arguments, as `spawn` takes them, on the core of its role. */
export function onCore(role, [command, ...args]) {
  return canPin ? ['taskset', ['-c', CORES[role], command, ...args]] : [command, args];
}

export function describeMachine() {
  return { cpu: cpus()[0]?.model ?? 'unknown', cores, kernel: release(), pinned: canPin };
}

export function works(command, ...args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Of the standard streams, the listening socket and the channels to the SFU. */
const OTHER_FILES = 300;

/** Ends with advice where a process may not have as many connections. Node and Go raise the soft limit themselves. */
export function requireOpenFiles(connections) {
  const needed = connections + OTHER_FILES;
  const limit = Number(
    /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Infinity,
  );
  if (limit >= needed) return;
  console.error(
    `${connections} connections need ${needed} open files, and the hard limit is ${limit}. Raise it ` +
      `(as root: "ulimit -n ${needed}", or "prlimit --pid $$ --nofile=${needed}"), or choose less: --sizes 200,1000`,
  );
  process.exit(2);
}
