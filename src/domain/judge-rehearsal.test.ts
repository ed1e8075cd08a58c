import { expect, test } from 'vitest';
import { judgeRehearsal, type Rehearsal, rehearsalMsMax } from './judge-rehearsal.ts';

const nowMs = 1_700_000_000_000;
const hourMs = 3_600_000;
const release = { templates: 't1', settings: 's1' };

function rehearsed(hoursAgo: number, changes: Partial<Rehearsal> = {}): Rehearsal {
  return { ...release, type: 'welcome', at: nowMs - hoursAgo * hourMs, ...changes };
}

test.each<[string, Rehearsal[], boolean, string]>([
  ['none', [], false, 'no rehearsal is on record'],
  ['one of this release', [rehearsed(5)], true, 'rehearsed 5 h ago: welcome'],
  ['one just young enough', [rehearsed(72)], true, 'rehearsed 72 h ago'],
  ['one too old', [rehearsed(72.001)], false, 'the last rehearsal was 72 h ago'],
  ['one of other templates', [rehearsed(1, { templates: 't0' })], false, '1 h ago, with other templates'],
  ['one with other settings', [rehearsed(1, { settings: 's0' })], false, '1 h ago, with other settings'],
  [
    'one where both differ',
    [rehearsed(1, { templates: 't0', settings: 's0' })],
    false,
    'with other templates and other settings',
  ],
  [
    'one of each half, which is none of the whole',
    [rehearsed(1, { templates: 't0' }), rehearsed(2, { settings: 's0' })],
    false,
    'with other templates',
  ],
  [
    'a later one of another release beside one of this',
    [rehearsed(3), rehearsed(1, { templates: 't0' })],
    true,
    'rehearsed 3 h ago',
  ],
  [
    'several types, of which one is too old',
    [rehearsed(3), rehearsed(4, { type: 'digest' }), rehearsed(80, { type: 'old' })],
    true,
    'rehearsed 3 h ago: digest, welcome',
  ],
])('with %s on record', (_what, rehearsals, ok, words) => {
  expect(judgeRehearsal(release, { rehearsals, isLive: false }, nowMs)).toEqual({
    ok,
    detail: expect.stringContaining(words),
  });
});

test('what is live stays so, whatever is on record', () => {
  for (const rehearsals of [[], [rehearsed(500)], [rehearsed(1, { templates: 't0' })]])
    expect(judgeRehearsal(release, { rehearsals, isLive: true }, nowMs)).toMatchObject({ ok: true });
});

test('a rehearsal counts for three days', () => {
  expect(rehearsalMsMax).toBe(72 * hourMs);
});
