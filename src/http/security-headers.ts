/**
 * The six headers of every response (CAN-2), in the order in which the canary names them. The values are the contract
 * of this family of services, byte by byte; helmet would write the content security policy without its space and
 * knows no permissions policy. Node's own responses to broken requests get them from here too.
 */
export const securityHeaders = {
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=()',
} as const satisfies Readonly<Record<string, string>>;

export const securityHeaderNames: readonly string[] = Object.keys(securityHeaders);
