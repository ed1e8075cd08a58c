import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { redact } from './verify-redact.mjs';

/**
 * Collects what was seen and writes it: `auto_com_center_evidence_<timestamp>.log` for people, and beside it a folder
 * of the same name with the raw answers of every step, a copy of the log, and `MANIFEST.json` (size and SHA-256 by
 * file name). Every byte goes through `redact` on its way. Throws, before anything is verified, when `outDir` cannot
 * be written.
 */
export function openEvidence(outDir, startedAt) {
  const name = `auto_com_center_evidence_${startedAt.toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const bundle = join(outDir, name);
  const log = join(outDir, `${name}.log`);
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const secrets = new Set();
  const lines = [];
  const files = new Map();
  const clean = (text) => redact(text, secrets);
  return {
    log,
    bundle,
    keepSecret: (text) => {
      secrets.add(text);
    },
    clean,
    addLine: (line) => lines.push(line),
    addStep: (number, step) => files.set(`${String(number).padStart(2, '0')}-${step.id}.json`, step),
    write: (summary) => {
      const text = clean(`${lines.join('\n')}\n`);
      const contents = new Map([
        [`${name}.log`, text],
        ['summary.json', clean(toJson(summary))],
        ...[...files].map(([file, step]) => [file, clean(toJson(step))]),
      ]);
      const manifest = Object.fromEntries(
        [...contents].map(([file, content]) => [file, describeFile(content)]),
      );
      for (const [file, content] of [...contents, ['MANIFEST.json', toJson(manifest)]])
        writeFileSync(join(bundle, file), content, { mode: 0o600 });
      writeFileSync(log, text, { mode: 0o600 });
    },
  };
}

function describeFile(content) {
  return { size: Buffer.byteLength(content), sha256: createHash('sha256').update(content).digest('hex') };
}

function toJson(value) {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
