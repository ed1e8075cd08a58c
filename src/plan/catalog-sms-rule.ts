import { findNearest } from '../domain/find-nearest.ts';
import type { SmsRule } from '../render/fit-sms.ts';
import { SchemaReader } from '../render/schema-reader.ts';
import type { TemplateFault } from '../render/template-fault.ts';
import type { SourceFile } from '../render/template-source.ts';
import type { Manifest } from './catalog-manifest.ts';

/** The rule of a manifest for text messages; nothing may be sent where there is none. */
export function toSmsRule({ sms }: Manifest): SmsRule {
  return {
    segmentsMax: sms?.max_segments ?? 0,
    shorten: new Map(Object.entries(sms?.shorten ?? {})),
    omit: sms?.omit ?? [],
  };
}

/** Fields that the rule names and cannot mean: not there, no text, or (to be left out) not optional. */
export function checkSmsRule(
  rule: SmsRule,
  { file, source }: SourceFile,
  schema: Readonly<Record<string, unknown>>,
): readonly TemplateFault[] {
  const reader = new SchemaReader(schema);
  const names = reader.listNames(schema);
  const lineOf = (word: string): number => source.split('\n').findIndex((text) => text.includes(word)) + 1;
  const judge = (name: string, what: 'shorten' | 'omit'): readonly TemplateFault[] => {
    const child = names.includes(name) ? reader.findChild(schema, name) : undefined;
    const fault = (detail: string) => [
      { file, line: lineOf(what), detail: `sms.${what}.${name}: ${detail}` },
    ];
    if (child === undefined) {
      const [nearest] = findNearest(name, names);
      return fault(`is no field of schema.json${nearest === undefined ? '' : `; did you mean ${nearest}?`}`);
    }
    if (!reader.isOf(child.schema, ['string'])) return fault('is no text');
    if (typeof child.schema['format'] === 'string')
      return fault(`is a ${child.schema['format']}, which cannot be cut`);
    return what === 'omit' && child.isRequired ? fault('is required, so it cannot be left out') : [];
  };
  return [
    ...[...rule.shorten.keys()].flatMap((name) => judge(name, 'shorten')),
    ...rule.omit.flatMap((name) => judge(name, 'omit')),
  ];
}
