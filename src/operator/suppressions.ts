import { z } from 'zod';
import { channels } from '../domain/channel.ts';
import { ServiceError } from '../domain/errors.ts';
import {
  addSuppressions,
  listSuppressions,
  removeSuppression,
  type SuppressionDeps,
  type SuppressionItem,
} from '../gate/suppressions.ts';
import { redactText } from '../observe/redact.ts';
import { change, read, toOrder } from './operation.ts';
import {
  channel,
  count,
  instant,
  instantText,
  nextCursor,
  pageQuery,
  pointerFault,
  reason,
  toIso,
  viewPage,
  word,
} from './schemas.ts';

const suppression = z.strictObject({
  channel,
  hash: z.string().meta({ description: 'Keyed; can be added again in place of the address' }),
  masked: z.string(),
  reason: z.string(),
  source: z.string(),
  at: instant,
  by: z.string(),
});
const address = z.string().max(320).meta({ description: 'One email address, or a number in E.164 form' });
const hash = z.string().max(64).meta({ description: 'Of an export, in place of the address' });
const suppressionChannel = z
  .enum([...channels, 'all'])
  .default('all')
  .meta({ description: '`all`: every channel that the address fits' });

/** One entry of a request, and of an export that is taken back. */
export const suppressionEntry = z.strictObject({
  address: address.optional(),
  hash: hash.optional(),
  masked: z.string().max(320).optional(),
  channel: suppressionChannel,
  reason: reason.meta({ description: 'Why this address must not be written to' }),
  source: word.overwrite(redactText).optional(),
  at: instantText.optional(),
  by: z.string().max(200).optional().meta({ description: 'Of an export; not used' }),
});

/** Addresses that are never written to. */
export const suppressions = [
  read('/api/suppressions', {
    operationId: 'getSuppressions',
    summary: 'List suppressed addresses: hashes and masks',
    query: z.strictObject(pageQuery),
    response: z
      .strictObject({ items: z.array(suppression), next_cursor: nextCursor })
      .meta({ id: 'SuppressionsPage' }),
    command: {
      name: 'suppressions list',
      summary: 'addresses that are never written to (masked)',
      columns: [
        ['ADDRESS', 'masked'],
        ['CHANNEL', 'channel'],
        ['REASON', 'reason'],
        ['SOURCE', 'source'],
        ['SINCE', 'at'],
        ['BY', 'by'],
      ],
    },
    run: async ({ query }, deps: SuppressionDeps) =>
      viewPage(await listSuppressions(deps, query), viewSuppression),
  }),
  change('POST /api/suppressions', {
    operationId: 'postSuppressions',
    summary: 'Suppress addresses',
    body: z.strictObject({ entries: z.array(suppressionEntry).min(1).max(1_000), reason }).meta({
      id: 'Suppressions',
      title: 'Suppress addresses',
      examples: [{ entries: [{ address: 'jo@example.com', reason: 'asked by letter' }], reason: 'ticket 7' }],
    }),
    response: z
      .strictObject({
        added: count,
        renewed: count.meta({ description: 'Were suppressed already; reason and time are the new ones' }),
        faults: z.array(pointerFault.extend({ index: count })),
      })
      .meta({ id: 'SuppressionsReport' }),
    run: ({ body, by }, deps: SuppressionDeps) => addSuppressions(deps, toOrder(body, by), body.entries),
  }),
  change('POST /api/suppressions/remove', {
    operationId: 'postSuppressionsRemove',
    summary: 'Lift a suppression',
    body: z
      .strictObject({
        address: address.optional(),
        hash: hash.optional(),
        channel: suppressionChannel,
        reason,
      })
      .meta({
        id: 'SuppressionRemoval',
        title: 'Lift a suppression',
        examples: [{ address: 'jo@example.com', reason: 'asked to come back' }],
      }),
    response: z.strictObject({ removed: count }).meta({ id: 'SuppressionRemoved' }),
    run: async ({ body, by }, deps: SuppressionDeps) => {
      const result = await removeSuppression(deps, toOrder(body, by), body);
      if ('removed' in result) return result;
      throw new ServiceError('invalid-request-data', 'the address is not valid', { errors: [result] });
    },
  }),
];

function viewSuppression(item: SuppressionItem): z.output<typeof suppression> {
  return { ...item, at: toIso(item.at) };
}
