import type { Catalog } from '../../plan/catalog.ts';
import type { EventTypeDoc, JsonSchema } from './event-schemas.ts';

/** Every event type of the catalog with the schema and the sample of its data, as the API document shows them. */
export function listEventTypes(catalog: Pick<Catalog, 'templates' | 'find'>): readonly EventTypeDoc[] {
  return catalog.templates.map(({ type, settings }) => {
    const schemaFile = settings.find(({ file }) => file.endsWith('/schema.json'));
    const entry = catalog.find(type);
    return {
      type,
      title: entry?.title ?? type,
      schema: JSON.parse(schemaFile?.source ?? '{}') as JsonSchema,
      ...(entry === undefined ? {} : { sample: entry.sample.data }),
    };
  });
}
