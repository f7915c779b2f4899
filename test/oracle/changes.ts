/** How descriptions are changed; each change has to find what it changes. */
import type { Change } from './variants.js';

/** The first match, or with the flag `g` all of them. */
export function replace(pattern: RegExp | string, by: string): Change {
  return (sdp) => {
    const changed = sdp.replace(pattern, by);
    if (changed === sdp) throw new Error(`the description has no ${pattern}`);
    return changed;
  };
}

/** Without the lines that begin so. */
export function without(...starts: string[]): Change {
  return (sdp) =>
    sdp
      .split('\r\n')
      .filter((line) => !starts.some((start) => line.startsWith(start)))
      .join('\r\n');
}

/** With further lines in the session part, after its times. */
export function inSession(...lines: string[]): Change {
  return replace('t=0 0\r\n', `t=0 0\r\n${lines.map((line) => `${line}\r\n`).join('')}`);
}

/** With further lines in the first section of a kind, before its `a=mid`. */
export function inSection(kind: 'audio' | 'video' | 'application', ...lines: string[]): Change {
  const added = lines.map((line) => `${line}\r\n`).join('');
  return ofSection(kind, (section) => section.replace(/^a=mid:/m, `${added}a=mid:`));
}

/** The first section of a kind, changed. */
export function ofSection(
  kind: 'audio' | 'video' | 'application',
  change: (section: string) => string,
): Change {
  return (sdp) => {
    const parts = sdp.split(/^(?=m=)/m);
    const index = parts.findIndex((part) => part.startsWith(`m=${kind} `));
    const section = parts[index];
    if (section === undefined) throw new Error(`the description has no section of ${kind}`);
    parts[index] = change(section);
    return parts.join('');
  };
}

export function all(...changes: Change[]): Change {
  return (sdp, transport) => changes.reduce((changed, change) => change(changed, transport), sdp);
}
