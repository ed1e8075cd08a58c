import { createRenderer, type Renderer, type RendererOptions } from '../render/create-renderer.ts';
import type { Draft } from '../render/rendered.ts';
import { collectErrors, type TemplateError } from '../render/template-error.ts';
import { type Catalog, loadCatalog } from './catalog.ts';

/** `dir` is the folder `templates/`. */
type OpenTemplatesOptions = { readonly dir: string } & Omit<RendererOptions, 'templates' | 'shared'>;

/** The catalog and its renderer, proven: throws `InvalidTemplatesError` if any template is not fit to send. */
export function openTemplates({ dir, ...options }: OpenTemplatesOptions): {
  readonly catalog: Catalog;
  readonly renderer: Renderer;
} {
  const catalog = loadCatalog(dir);
  return {
    catalog,
    renderer: createRenderer({ templates: catalog.templates, shared: catalog.shared, ...options }),
  };
}

/** Every error of the templates in `dir`; empty means that they are fit to send. Other errors are thrown. */
export function checkTemplates(dir: string): readonly TemplateError[] {
  const errors: TemplateError[] = [];
  collectErrors(errors, () => openTemplates({ dir, allowedLinkHosts: [], now: () => 0 }));
  return errors;
}

/** The drafts of a template's sample, one per channel, at the sample's own instant: the same on every run. */
export function previewTemplate(dir: string, type: string, locale?: string): readonly Draft[] {
  const catalog = loadCatalog(dir);
  const entry = catalog.find(type);
  if (entry === undefined)
    throw new Error(`There is no template ${type}; there are ${catalog.types().join(', ')}`);
  const { sample } = entry;
  const renderer = createRenderer({
    templates: catalog.templates.filter((template) => template.type === type),
    shared: catalog.shared,
    allowedLinkHosts: ['app.example.com'],
    now: () => sample.nowMs,
  });
  return entry.channels.map((channel) =>
    renderer.render({ template: type, channel, ...sample, locale: locale ?? sample.locale }),
  );
}
