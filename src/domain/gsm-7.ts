/** The basic alphabet: one septet each. Source: 3GPP TS 23.038 §6.2.1. */
export const gsm7Basic: ReadonlySet<string> = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);

/** The extension table: an escape and a character, two septets each. Source: 3GPP TS 23.038 §6.2.1.1. */
export const gsm7Extension: ReadonlySet<string> = new Set('^{}\\[~]|€\f');

/** True when the whole text can be sent in GSM-7; one other character makes all of it UCS-2. */
export function isGsm7(text: string): boolean {
  for (const char of text) {
    if (!gsm7Basic.has(char) && !gsm7Extension.has(char)) return false;
  }
  return true;
}
