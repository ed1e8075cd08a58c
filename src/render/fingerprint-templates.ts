import { createHash } from 'node:crypto';
import type { Renderer } from './create-renderer.ts';

/** One word for the versions of all templates: another one as soon as any part, schema or shared file differs. */
export function fingerprintTemplates(
  renderer: Pick<Renderer, 'templateVersion'>,
  types: readonly string[],
): string {
  const lines = types.toSorted().map((type) => `${type} ${renderer.templateVersion(type)}`);
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
