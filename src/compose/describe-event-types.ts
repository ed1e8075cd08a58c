import type { EventTypeDoc } from '../http/openapi/event-schemas.ts';
import type { Catalog } from '../plan/catalog.ts';

/** The event types of the catalog as the API document wants them: title, data schema, a sample. */
export function describeEventTypes(catalog: Catalog): EventTypeDoc[] {
  return catalog.templates.map((template) => {
    const schema = template.settings.find((file) => file.file.endsWith('schema.json'));
    const entry = catalog.find(template.type);
    return {
      type: template.type,
      title: entry?.title ?? template.type,
      schema: JSON.parse(schema?.source ?? '{}') as EventTypeDoc['schema'],
      ...(entry === undefined ? {} : { sample: entry.sample.data }),
    };
  });
}
