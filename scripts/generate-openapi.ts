/**
 * Writes `docs/openapi.json` from the route table, the response schemas and the catalog in `templates/`.
 * `--check` writes nothing and exits 1 when the file is not what would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { settings } from '../src/config/settings.ts';
import { buildOpenApi } from '../src/http/openapi/build-document.ts';
import { listEventTypes } from '../src/http/openapi/event-schemas.ts';
import { documentedRoutes } from '../src/http/routes.ts';
import { loadCatalog } from '../src/plan/catalog.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = `${root}docs/openapi.json`;
const eventTypes = listEventTypes(loadCatalog(`${root}templates`));
const directoryIdField = settings.DIRECTORY_ID_FIELD.default;
const document = `${JSON.stringify(buildOpenApi({ routes: documentedRoutes, eventTypes, directoryIdField }), null, 2)}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, document);
  console.log(`docs/openapi.json: ${eventTypes.length} event types, ${documentedRoutes.length} routes`);
} else if (readCommitted() !== document) {
  console.error('docs/openapi.json is not what the routes say; run: npm run generate:openapi');
  process.exitCode = 1;
}

function readCommitted(): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
