/** What a stop can be limited to; the flag of the gate that each one switches. */
export const sendScopes = {
  all: 'send',
  email: 'send:email',
  sms: 'send:sms',
  transactional: 'send:transactional',
  promotional: 'send:promotional',
} as const;
export type SendScope = keyof typeof sendScopes;
export type SendFlag = (typeof sendScopes)[SendScope];

export const sendScopeNames = Object.keys(sendScopes);
export const queueNames = ['events', 'email', 'sms'];

/** The flag of a scope that the parser has already checked. */
export function flagOfScope(scope: string): SendFlag {
  return isSendScope(scope) ? sendScopes[scope] : sendScopes.all;
}

function isSendScope(text: string): text is SendScope {
  return Object.hasOwn(sendScopes, text);
}
