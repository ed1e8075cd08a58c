import helmet from 'helmet';
import { securityHeaders } from '../security-headers.ts';
import type { Step } from '../step.ts';

/**
 * The six headers are set before anything can go wrong, so nothing that goes wrong lacks them. Helmet adds what
 * browsers honour beyond the six; the contract's own values come after it, byte by byte.
 */
export const setSecurityHeaders: Step = ({ request, response }) => {
  setHelmetHeaders(request, response, failOnFault);
  for (const [name, value] of entries) response.setHeader(name, value);
};

const entries = Object.entries(securityHeaders);

/** Without what the table sets anyway, and without headers that browsers have given up. */
const setHelmetHeaders = helmet({
  contentSecurityPolicy: false,
  strictTransportSecurity: false,
  xFrameOptions: false,
  xContentTypeOptions: false,
  referrerPolicy: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

function failOnFault(fault?: unknown): void {
  if (fault !== undefined) throw fault;
}
