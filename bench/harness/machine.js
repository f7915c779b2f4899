import { execFileSync } from 'node:child_process';
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
