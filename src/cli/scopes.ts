import { type SendFlag, sendFlagOf, sendScopes } from '../domain/flags.ts';

/** The flag of a scope that the parser has already checked. */
export function flagOfScope(scope: string): SendFlag {
  return sendFlagOf(sendScopes.find((name) => name === scope) ?? 'all');
}
