import { existsSync } from 'node:fs';

/** The path of a Chromium: the one that `CHROMIUM` names, else the distribution's. Throws when there is none. */
export function findChromium(): string {
  const candidates = [
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
  ];
  const found = candidates.find((path) => path !== undefined && existsSync(path));
  if (found === undefined)
    throw new Error('No Chromium found: install the package chromium, or name one in CHROMIUM');
  return found;
}
