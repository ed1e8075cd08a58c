/** What a caller may do: post events, read its own, operate the service. */
export const scopes = ['notify.send', 'notify.read', 'notify.admin'] as const;
export type Scope = (typeof scopes)[number];

/** Role of an issuer → what it allows here, for example `{ SystemService: ['notify.send'] }`. */
export type ScopeMapping = Readonly<Record<string, readonly Scope[]>>;

type Claims = Readonly<Record<string, unknown>>;

/**
 * Every scope that the claims grant and no other: `scope`, `scp` and `permissions` name scopes (also spelled with
 * a colon), `role` and `roles` name roles that only `mapping` turns into scopes. Unknown names grant nothing.
 */
export function readScopes(claims: Claims, mapping: ScopeMapping): ReadonlySet<Scope> {
  const named = [claims['scope'], claims['scp'], claims['permissions']].flatMap(readNames).map(parseScope);
  const mapped = readRoles(claims).flatMap((role) =>
    Object.hasOwn(mapping, role) ? (mapping[role] ?? []) : [],
  );
  return new Set([...named.filter((scope) => scope !== undefined), ...mapped]);
}

/** True for tokens of the older generation, which carry a role and name no scope at all. */
export function isRoleToken(claims: Claims): boolean {
  const named = [claims['scope'], claims['scp'], claims['permissions']].flatMap(readNames);
  return named.length === 0 && readRoles(claims).length > 0;
}

function readRoles(claims: Claims): string[] {
  // A role may hold a space, so a role string is one role.
  return [claims['role'], claims['roles']].flat().filter((role) => typeof role === 'string');
}

/** The names in a claim that is either a list of them or one string (RFC 6749 §3.3). */
function readNames(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ').filter((name) => name !== '');
  return Array.isArray(claim) ? claim.filter((name) => typeof name === 'string') : [];
}

function parseScope(name: string): Scope | undefined {
  return scopes.find((scope) => scope === name || scope.replace('.', ':') === name);
}
