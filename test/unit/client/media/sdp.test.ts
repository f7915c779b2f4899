import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readMsid, stopSections } from '../../../../src/client/media/sdp.js';
import { fakeAnswer } from '../../../../src/testing/index.js';

const lines = (...text: string[]) => `${text.join('\r\n')}\r\n`;

describe('the ids of a section', () => {
  const sdp = lines(
    'v=0',
    'm=audio 9 X 111',
    'a=mid:0',
    'a=msid:s1 t1',
    'm=video 9 X 96',
    'a=mid:10',
    'a=msid:s1 t2',
  );

  test('are those of its a=msid', () => {
    expect(readMsid(sdp, '0')).toEqual({ streamId: 's1', trackId: 't1' });
    expect(readMsid(sdp, '10')).toEqual({ streamId: 's1', trackId: 't2' });
  });

  test('are missing where the section, its a=msid or its stream is', () => {
    expect(readMsid(sdp, '1')).toEqual({});
    expect(readMsid(sdp, null)).toEqual({});
    expect(readMsid(lines('m=audio 9 X 0', 'a=mid:0'), '0')).toEqual({});
    expect(readMsid(lines('m=audio 9 X 0', 'a=mid:0', 'a=msid:- t1'), '0')).toEqual({ trackId: 't1' });
  });
});

describe('an answer', () => {
  const answer = lines(
    'v=0',
    'a=group:BUNDLE 0 1 2',
    'm=application 9 X y',
    'a=mid:0',
    'm=video 9 X 96',
    'a=mid:1',
    'm=video 9 X 96',
    'a=mid:2',
  );

  test.each([
    ['has stopped', ['m=video 0 X 96']],
    ['sends nothing in', ['m=video 9 X 96', 'a=inactive']],
  ])('has the sections stopped that its offer %s, and takes them out of the bundle', (_, section) => {
    const offer = lines('v=0', 'm=application 9 X y', ...section, 'm=video 9 X 96');
    expect(stopSections(answer, offer)).toBe(
      lines(
        'v=0',
        'a=group:BUNDLE 0 2',
        'm=application 9 X y',
        'a=mid:0',
        'm=video 0 X 96',
        'a=mid:1',
        'm=video 9 X 96',
        'a=mid:2',
      ),
    );
  });

  test('stays as it is where the offer has stopped nothing', () => {
    const offer = lines('v=0', 'm=application 9 X y', 'm=video 9 X 96', 'm=video 9 X 96');
    expect(stopSections(answer, offer)).toBe(answer);
  });

  test.each([
    ['offer-firefox-second-video', ['audio 9', 'audio 9', 'video 9', 'video 9'], '0 1 2 3'],
    ['offer-firefox-max-bundle', ['audio 9', 'audio 9', 'video 9', 'video 9'], '0 1 2 3'],
    ['offer-firefox-video-stopped', ['audio 9', 'audio 9', 'video 9', 'video 0'], '0 1 2'],
  ])('keeps the sections that Firefox offers as bundle-only: %s', (name, sections, bundle) => {
    const offer = readFileSync(new URL(`../../../fuzz/fixtures/${name}.sdp`, import.meta.url), 'utf8');
    // As Ion does: whatever the port of the offer, the answer's is 9, and all are in the bundle.
    const ofIon = fakeAnswer(offer)
      .replace(/^m=(\w+) \d+/gm, 'm=$1 9')
      .replace(/^a=group:BUNDLE .*$/m, 'a=group:BUNDLE 0 1 2 3');
    const stopped = stopSections(ofIon, offer);
    expect([...stopped.matchAll(/^m=(\w+ \d+)/gm)].map(([, section]) => section)).toEqual(sections);
    expect(stopped).toContain(`a=group:BUNDLE ${bundle}\r\n`);
  });
});
