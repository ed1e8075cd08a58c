import { createHash } from 'node:crypto';
import { type Channel, mapChannels } from '../domain/channel.ts';
import type { IncomingEvent } from '../domain/event.ts';
import { type DraftErrors, findDraftErrors } from './check-draft.ts';
import type { LinkRule } from './check-link.ts';
import { type CompiledPart, PartCompiler, PartError } from './compile-templates.ts';
import type { SourceFile } from './parse-document.ts';
import { type CompiledTemplate, type RenderContext, renderDraft } from './render-draft.ts';
import { type Draft, RenderError, type RenderRequest } from './rendered.ts';
import { SchemaReader } from './schema-reader.ts';
import { collectErrors, InvalidTemplatesError, type TemplateError } from './template-error.ts';
import {
  channelOfPart,
  type PartName,
  partsOf,
  type SharedSource,
  type TemplateSource,
} from './template-source.ts';
import { joinUses } from './template-value.ts';

export interface RendererOptions {
  readonly templates: readonly TemplateSource[];
  readonly shared: SharedSource;
  /** Hosts that links in events may lead to, besides those of the brand. Exact names. */
  readonly allowedLinkHosts: readonly string[];
  /** `http://localhost:…` links too; local development only. */
  readonly allowLocalhostLinks?: boolean;
  /** The clock, epoch ms. */
  readonly now: () => number;
}

export interface Renderer {
  /** The draft of one message. Throws `RenderError`: an error of template or data that no retry mends. */
  render(request: RenderRequest): Draft;
  /** What would keep an event, whose data passed its schema, from being rendered. Throws `RenderError` for an unknown template. */
  checkDrafts(event: IncomingEvent): DraftErrors;
  /** Hash of everything that shapes this template's drafts (16 hex digits). Throws `RenderError` for an unknown template. */
  templateVersion(type: string): string;
}

/**
 * A renderer exists only if every template compiles and renders its samples, in every locale and channel;
 * otherwise throws `InvalidTemplatesError` with all errors, each with file and line.
 */
export function createRenderer(options: RendererOptions): Renderer {
  const compiler = new PartCompiler(options.shared);
  const errors: TemplateError[] = [...compiler.checkPartials()];
  const compiled = new Map<string, CompiledTemplate>();
  for (const source of options.templates) {
    const template = compileTemplate(source, compiler);
    errors.push(...template.errors, ...checkWholeness(source), ...checkUse(source));
    compiled.set(source.type, template);
  }
  const rule = toLinkRule(options);
  const brand = options.shared.brand;
  if (errors.length === 0) {
    // Samples lead to app.example.com (RFC 2606: nobody's), which a deployment need not allow for its events.
    const context = { brand, rule: { ...rule, hosts: new Set([...rule.hosts, 'app.example.com']) } };
    errors.push(...[...compiled.values()].flatMap((template) => checkSamples(template, context)));
  }
  if (errors.length > 0) throw new InvalidTemplatesError(errors);
  const versions = new Map(
    options.templates.map((source) => [source.type, hashSources(source, options.shared)]),
  );
  return {
    render: (request) =>
      renderDraft(findTemplate(compiled, request.template), request, { brand, rule, nowMs: options.now() }),
    checkDrafts: (event) =>
      findDraftErrors(findTemplate(compiled, event.type), event, { brand, rule, nowMs: options.now() }),
    templateVersion: (type) => findTemplate(versions, type),
  };
}

function compileTemplate(
  source: TemplateSource,
  compiler: PartCompiler,
): CompiledTemplate & { errors: readonly TemplateError[] } {
  const errors: TemplateError[] = [];
  const parts = mapChannels(() => new Map<string, Map<PartName, CompiledPart>>());
  const schema = new SchemaReader(source.schema);
  for (const part of source.parts) {
    const channel = channelOfPart[part.name];
    const kind = part.name.endsWith('.html') ? 'html' : 'text';
    const compiled = collectErrors(errors, () =>
      compiler.compilePart({ part, kind, locale: part.locale, schema }),
    );
    if (compiled === undefined) continue;
    const ofLocale = parts[channel].get(part.locale) ?? new Map<PartName, CompiledPart>();
    parts[channel].set(part.locale, ofLocale.set(part.name, compiled));
  }
  const usesOf = (channel: Channel) =>
    joinUses(
      [...parts[channel].values()].flatMap((ofLocale) => [...ofLocale.values()].flatMap(({ uses }) => uses)),
    );
  return { source, parts, uses: mapChannels(usesOf), errors };
}

/** Every channel has all its parts in the default locale, and in another locale all of them or none. */
function checkWholeness(source: TemplateSource): readonly TemplateError[] {
  const folder = source.settings[0]?.file.replace(/\/[^/]*$/, '') ?? source.type;
  const locales = new Set([source.defaultLocale, ...source.parts.map((part) => part.locale)]);
  return source.channels.flatMap((channel) =>
    [...locales].flatMap((locale) => {
      const present = new Set(source.parts.filter((part) => part.locale === locale).map((part) => part.name));
      const missing = partsOf[channel].filter((name) => !present.has(name));
      const isLeftOut = missing.length === partsOf[channel].length && locale !== source.defaultLocale;
      if (isLeftOut) return [];
      const where = locale === source.defaultLocale ? folder : `${folder}/${locale}`;
      return missing.map((name) => ({
        file: `${where}/${name}.hbs`,
        detail: `is missing: ${channel} needs ${partsOf[channel].map((part) => `${part}.hbs`).join(', ')} together`,
      }));
    }),
  );
}

/** A part that no channel of the manifest uses is a mistake: someone believes that it is sent. */
function checkUse(source: TemplateSource): readonly TemplateError[] {
  const used = new Set(source.channels.flatMap((channel) => partsOf[channel]));
  return source.parts
    .filter((part) => !used.has(part.name))
    .map(({ file }) => ({ file, detail: 'is never used: add its channel to manifest.yaml or remove it' }));
}

function checkSamples(
  template: CompiledTemplate,
  context: Omit<RenderContext, 'nowMs'>,
): readonly TemplateError[] {
  const locales = [...new Set(template.source.parts.map((part) => part.locale))];
  return template.source.channels.flatMap((channel) =>
    locales.flatMap((locale) =>
      template.source.samples.flatMap((sample) => {
        try {
          const { file: _, nowMs, ...request } = sample;
          renderDraft(
            template,
            { ...request, template: template.source.type, channel, locale },
            { ...context, nowMs },
          );
          return [];
        } catch (error) {
          if (error instanceof PartError) return [error.error];
          const detail = error instanceof Error ? error.message : String(error);
          return [{ file: sample.file, detail: `does not render as ${channel} in ${locale}: ${detail}` }];
        }
      }),
    ),
  );
}

function toLinkRule(options: RendererOptions): LinkRule {
  const { site_url, help_url, preferences_url } = options.shared.brand;
  const brandHosts = [site_url, help_url, preferences_url].map((link) => new URL(link).hostname);
  const hosts = new Set([...options.allowedLinkHosts.map((host) => host.toLowerCase()), ...brandHosts]);
  return { hosts, allowLocalhost: options.allowLocalhostLinks ?? false };
}

function hashSources(source: TemplateSource, shared: SharedSource): string {
  const files: readonly SourceFile[] = [
    ...source.settings,
    ...source.parts,
    shared.brandFile,
    ...shared.partials,
  ];
  const hash = createHash('sha256');
  for (const text of files.map((file) => file.source)) hash.update(`${text.length}\n`).update(text);
  return hash.digest('hex').slice(0, 16);
}

function findTemplate<T>(map: ReadonlyMap<string, T>, type: string): T {
  const found = map.get(type);
  if (found === undefined) throw new RenderError(`there is no template ${type}`);
  return found;
}

/** A hash of the versions of all templates: another one as soon as any part, schema or shared file differs. */
export function fingerprintTemplates(
  renderer: Pick<Renderer, 'templateVersion'>,
  types: readonly string[],
): string {
  const lines = types.toSorted().map((type) => `${type} ${renderer.templateVersion(type)}`);
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
