import { describe, expect, test } from 'vitest';
import { isRoleToken, readScopes, type ScopeMapping } from './read-scopes.ts';

const mapping: ScopeMapping = {
  SystemService: ['notify.send'],
  'Night Shift': ['notify.read', 'notify.admin'],
};

describe('readScopes', () => {
  test.each([
    ['scope, space separated', { scope: 'openid notify.send notify.read' }, ['notify.send', 'notify.read']],
    ['scope with a colon', { scope: 'notify:send' }, ['notify.send']],
    ['scp as a string', { scp: 'notify.admin' }, ['notify.admin']],
    ['scp as a list', { scp: ['notify.read', 'other'] }, ['notify.read']],
    ['permissions', { permissions: ['notify:admin', 'notify.send'] }, ['notify.admin', 'notify.send']],
    ['a role', { role: 'SystemService' }, ['notify.send']],
    ['roles', { roles: ['Reader', 'SystemService'] }, ['notify.send']],
    ['a role with a space', { roles: 'Night Shift' }, ['notify.read', 'notify.admin']],
    ['all at once', { scope: 'notify.read', role: 'SystemService' }, ['notify.read', 'notify.send']],
  ])('reads %s', (_what, claims, expected) => {
    expect([...readScopes(claims, mapping)]).toEqual(expected);
  });

  test.each([
    ['nothing', {}],
    ['other words', { scope: 'notify notify.sender xnotify.send NOTIFY.SEND notify-send' }],
    ['a role that is not mapped', { role: 'Admin' }],
    ['a role called like a scope', { role: 'notify.admin' }],
    ['a scope called like a role', { scope: 'SystemService' }],
    ['a role called like a member of every object', { roles: ['constructor', '__proto__', 'toString'] }],
    [
      'claims of the wrong type',
      { scope: 7, scp: { a: 'notify.send' }, permissions: [['notify.send']], role: [7] },
    ],
  ])('grants nothing for %s', (_what, claims) => {
    expect([...readScopes(claims, mapping)]).toEqual([]);
  });
});

describe('isRoleToken', () => {
  test('is true only when a role is all there is', () => {
    expect(isRoleToken({ role: 'SystemService' })).toBe(true);
    expect(isRoleToken({ role: 'SystemService', scope: 'notify.send' })).toBe(false);
    expect(isRoleToken({})).toBe(false);
  });
});
