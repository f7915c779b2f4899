import { setTimeout as sleep } from 'node:timers/promises';
import { playScene, type SceneReport } from './scene.js';
import { World } from './world.js';

export interface CutsOptions {
  /** How many, beginning with `from`. */
  seeds: number;
  /** @default 1 */
  from?: number;
  /** Scenes at a time. @default 8 */
  atOnce?: number;
  onScene?(scene: SceneReport, done: number): void;
}

export interface CutsReport {
  failed: SceneReport[];
  scenes: number;
  breaks: number;
  resumptions: number;
  snapshots: number;
}

/** So little is kept that an outage in a loud room leads to a snapshot: for one scene of four. */
const TIGHT = { maxFrames: 48 };

let asked = 0;
/** The application and the rate limiter take their time: for one scene of four. */
const slowly = () => {
  asked += 1;
  return sleep(asked % 4);
};
const SLOW = {
  hooks: { onSignal: slowly, onReply: slowly, onMessage: slowly },
  rateLimiter: { consume: slowly },
} as const;

type Kind = 'usual' | 'slow' | 'tight';
const KINDS: readonly Kind[] = ['usual', 'slow', 'usual', 'tight'];

/** Plays a scene for each seed, several side by side in rooms of their own. */
export async function cuts({ seeds, from = 1, atOnce = 8, onScene }: CutsOptions): Promise<CutsReport> {
  const worlds: Record<Kind, World> = {
    usual: await World.start(),
    slow: await World.start(SLOW),
    tight: await World.start({ resumption: TIGHT }),
  };
  const report: CutsReport = { failed: [], scenes: 0, breaks: 0, resumptions: 0, snapshots: 0 };
  let next = from;
  const play = async () => {
    while (next < from + seeds) {
      const seed = next;
      next += 1;
      const kind = KINDS[seed % KINDS.length] ?? 'usual';
      const scene = await playScene(worlds[kind], seed, kind === 'tight');
      report.scenes += 1;
      report.breaks += scene.breaks.length;
      report.resumptions += scene.resumptions;
      report.snapshots += scene.snapshots;
      if (scene.faults.length > 0) report.failed.push(scene);
      onScene?.(scene, report.scenes);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, play));
  } finally {
    for (const world of Object.values(worlds)) await world.stop();
  }
  const errors = Object.values(worlds).flatMap((world) => world.errors);
  if (errors.length > 0)
    report.failed.push({
      seed: Number.NaN,
      faults: [...new Set(errors)],
      breaks: [],
      steps: '',
      resumptions: 0,
      snapshots: 0,
    });
  return report;
}
