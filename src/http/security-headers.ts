import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';

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

/**
 * What every response of the app says, in this order: what helmet sets beyond the six because browsers honour it, then the
 * contract's own values, byte by byte. Helmet's are as constant as ours, so it is asked once and not at every request.
 */
export const constantHeaders: Readonly<Record<string, string>> = {
  ...readHelmetHeaders(),
  ...securityHeaders,
};

/** Without what the table sets anyway, and without headers that browsers have given up. */
function readHelmetHeaders(): Readonly<Record<string, string>> {
  const setHeaders = helmet({
    contentSecurityPolicy: false,
    strictTransportSecurity: false,
    xFrameOptions: false,
    xContentTypeOptions: false,
    referrerPolicy: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  });
  const headers: Record<string, string> = {};
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  response.setHeader = (name, value) => {
    headers[name] = String(value);
    return response;
  };
  setHeaders(response.req, response, (error) => {
    if (error !== undefined) throw error;
  });
  return headers;
}
