import { join } from 'node:path';
import type { Configuration } from '../config/derive-configuration.ts';
import { refuseExampleBrand } from '../config/preflight.ts';
import { findProgramRoot } from '../config/program-root.ts';
import { type Catalog, loadCatalog } from '../plan/catalog.ts';
import { createRenderer, type Renderer } from '../render/create-renderer.ts';

/** The catalog and its renderer, whole or not at all: a template that does not render its sample stops the start. */
export function buildCatalog(
  configuration: Configuration,
  now: () => number,
): { catalog: Catalog; renderer: Renderer } {
  const { values } = configuration;
  const catalog = loadCatalog(values.TEMPLATES_DIR ?? join(findProgramRoot(), 'templates'));
  refuseExampleBrand(configuration, catalog.shared.brand);
  const renderer = createRenderer({
    templates: catalog.templates,
    shared: catalog.shared,
    allowedLinkHosts: values.ALLOWED_LINK_HOSTS,
    allowLocalhostLinks: values.ENVIRONMENT === 'local',
    now,
  });
  return { catalog, renderer };
}
