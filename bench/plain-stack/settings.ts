export const mailQueue = 'mails';

/** A setting of the environment. Throws when it is missing. */
export function readSetting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
