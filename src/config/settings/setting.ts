import { z } from 'zod';

/** One setting of the service: its type, its default, its meaning. */
export interface Setting {
  readonly schema: z.ZodType;
  readonly doc: string;
  /** Shown in the documentation; a blank or absent variable takes it. */
  readonly default?: string;
  /** Never shown. */
  readonly secret?: true;
  /** Recipients see it as who writes to them; nothing is sent to anybody under an example outside `local`. */
  readonly sender?: true;
  readonly group: SettingGroup;
}

export type SettingGroup =
  | 'process'
  | 'store'
  | 'gate'
  | 'limits'
  | 'identity'
  | 'recipients'
  | 'email'
  | 'sms'
  | 'work'
  | 'guard';

export const text = z.string().min(1);
export const url = z.url({ protocol: /^https?$/ });
export const whole = (min: number, max: number): z.ZodType<number> =>
  z.string().regex(/^\d+$/, 'must be a whole number').transform(Number).pipe(z.number().min(min).max(max));
export const money = z
  .string()
  .regex(/^\d+(\.\d{1,6})?$/, 'must be an amount such as 25.00')
  .transform(Number);
/** True only for the exact word; everything else, misspelt words too, is the safe side. */
export const exactly = (word: 'true' | 'false'): z.ZodType<boolean> =>
  z.string().transform((value) => value === word);
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
