/** True for the error codes by which Node's TLS says that it does not trust, or cannot talk to, the other side. */
export function isTlsFault(code: string | undefined): boolean {
  return code !== undefined && /^(?:ERR_TLS|ERR_SSL|CERT_)|_CERT|VERIFY|SELF_SIGNED|EPROTO/.test(code);
}
