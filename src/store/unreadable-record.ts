import { z } from 'zod';
import { ServiceError } from '../domain/errors.ts';
import { recordVersion } from '../domain/message.ts';

/**
 * A record that this program cannot read: a newer one wrote it, or it is damaged. It is kept as it is and nothing is
 * done with it; what the service would work on is parked until a program comes that can read it.
 */
export class UnreadableRecord extends ServiceError {
  constructor(id: string, why: string, cause?: unknown) {
    super(
      'record-unreadable',
      `This program cannot read the record ${id}: ${why}. It is kept as it is, and nothing is sent from it.`,
      cause === undefined ? {} : { cause },
    );
  }
}

/** The fields as the schema says. Throws `UnreadableRecord` when a newer program wrote them or they do not fit. */
export function readFields<T>(
  id: string,
  schema: z.ZodType<T>,
  fields: Readonly<Record<string, string | undefined>>,
): T {
  if (!isOurVersion(fields))
    throw new UnreadableRecord(id, `it has version ${fields['v']}, and this program knows ${recordVersion}`);
  try {
    return schema.parse(fields);
  } catch (error) {
    const at = error instanceof z.ZodError ? error.issues[0]?.path.join('.') : undefined;
    throw new UnreadableRecord(id, `its ${at ?? 'content'} is not what it should be`, error);
  }
}

/** True for what this program, which knows versions up to `known`, or one before it wrote (docs/adr/0015). */
export function isOurVersion(fields: { readonly v?: unknown }, known: number = recordVersion): boolean {
  return Number(fields.v ?? 1) <= known;
}

/** What is stored as JSON beside the records, as the schema says; undefined when this program cannot read it. */
export function readStored<T>(text: string | null | undefined, schema: z.ZodType<T>): T | undefined {
  if (text === null || text === undefined) return undefined;
  try {
    const stored = JSON.parse(text);
    return isOurVersion(stored) ? schema.safeParse(stored).data : undefined;
  } catch {
    return undefined;
  }
}
