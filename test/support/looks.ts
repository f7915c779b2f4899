import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** A desktop, a small one, two phones, and a phone on its side. */
const sizes = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
  { width: 320, height: 640 },
  { width: 844, height: 390 },
];
const schemes = ['dark', 'light'] as const;
/** Where the screenshots go: `npm run pictures`. Without it there are none. */
const folder = process.env.PICTURES;
const require = createRequire(import.meta.url);
const axe = readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

/**
 * Looks at the page as it is: axe has no findings, in both color schemes, on a desktop and a phone; nothing is wider than
 * the screen on any size. Takes the screenshots under this name, if they are wanted.
 */
export async function looksRight(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  // As a script of the page, its Content-Security-Policy would refuse it.
  await page.evaluate(await axe);
  for (const scheme of schemes) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    for (const size of sizes) {
      const { width } = size;
      // axe and the pictures see the same; axe is slow, and the sizes between differ in nothing that it knows.
      const examined = scheme === 'dark' ? [1440] : [390];
      const isExamined = (folder ? [1440, 390] : examined).includes(width);
      if (!folder && scheme === 'light' && !isExamined) continue;
      await page.setViewportSize(size);
      await page.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      expect(await sticksOut(page), `${name} at ${width} px: wider than the screen`).toEqual([]);
      if (isExamined) expect(await findings(page), `${name} at ${width} px, ${scheme}: axe`).toEqual([]);
      if (!folder) continue;
      await mkdir(folder, { recursive: true });
      await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`) });
    }
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before) await page.setViewportSize(before);
}

/** The id of what has the focus, else its label. */
export const focusOf = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.id || document.activeElement?.getAttribute('aria-label') || '');

/** From now on keeps what screen readers are told. */
export function noteAnnouncements(page: Page): Promise<void> {
  return page.evaluate(() => {
    const announced: string[] = [];
    Object.assign(window, { announced });
    const announcer = document.getElementById('announcer');
    if (!announcer) throw new Error('the page has no #announcer');
    new MutationObserver(() => announced.push(announcer.innerText)).observe(announcer, { childList: true });
  });
}

export const announcements = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { announced: string[] }).announced);

/** What is visible, and is in part beside the screen or beside what it is in. */
function sticksOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const out = document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [];
    for (const element of document.querySelectorAll<HTMLElement>('body *')) {
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      if (element.closest('.sky, .visually-hidden, svg, video, .toast')) continue;
      const { left, right, width } = element.getBoundingClientRect();
      if (width > 0 && (left < -1 || right > innerWidth + 1))
        out.push(
          `${element.tagName} #${element.id} .${element.className}: ${Math.round(left)} to ${Math.round(right)}`,
        );
      const { overflowX } = getComputedStyle(element);
      if (
        element.matches('button, p, h1, h2, a') &&
        overflowX === 'visible' &&
        element.scrollWidth > element.clientWidth + 1 &&
        element.clientWidth > 0
      )
        out.push(`the text of ${element.tagName} #${element.id} .${element.className}`);
    }
    return out;
  });
}

async function findings(page: Page): Promise<string[]> {
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: Finding[] }> } };
    return (await axe.run()).violations;
  });
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)}: ${failureSummary ?? ''}`),
  );
}
