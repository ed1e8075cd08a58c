import { quoteWord } from '../../domain/quote-word.ts';
import type { EventTypeDoc } from '../openapi/event-schemas.ts';
import { exampleOf, type RouteRow } from '../route-row.ts';

/** A type that needs no catalog to be shown. */
const fallback: EventTypeDoc = {
  type: 'welcome',
  title: 'Welcome',
  schema: {},
  sample: { firstName: 'Jo', ctaUrl: 'https://app.example.com/start' },
};

/** The examples of the page, all of one event, so that the shapes can be compared. */
export function createExamples(
  baseUrl: string,
  eventTypes: readonly EventTypeDoc[],
  directoryIdField: string,
) {
  const { type, sample = {} } =
    eventTypes.find((row) => row.type === 'deadline_approaching') ?? eventTypes[0] ?? fallback;
  const isLookedUp = sample[directoryIdField] !== undefined;
  const recipient = isLookedUp ? {} : { recipient: { email: 'jo@example.com' } };
  const flat = toJson({ type, idempotency_key: 'evt-2026-11-20-0001', ...recipient, ...sample });
  return {
    first: [
      `curl -sS ${baseUrl}/api/events \\`,
      `  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\`,
      `  -d ${quoteWord(flat)}`,
    ].join('\n'),
    receipt: toJson({
      event_id: exampleEventId,
      state: 'accepted',
      status: 'accepted',
      dry_run: true,
      request_id: 'b7c0…',
    }),
    shapes: [
      { title: 'Flat', text: flat },
      {
        title: 'Envelope',
        text: toJson({ id: '0001', source: 'deadline-service', type, ...recipient, data: sample }),
      },
      {
        title: 'CloudEvents 1.0, structured (application/cloudevents+json)',
        text: toJson({
          specversion: '1.0',
          id: '0001',
          source: 'deadline-service',
          type,
          ...(isLookedUp ? {} : { recipientemail: 'jo@example.com' }),
          data: sample,
        }),
      },
      {
        title: 'CloudEvents 1.0, binary',
        text: [
          'POST /api/events HTTP/1.1',
          'content-type: application/json',
          'ce-specversion: 1.0',
          'ce-id: 0001',
          'ce-source: deadline-service',
          `ce-type: ${type}`,
          '',
          toJson(sample),
        ].join('\n'),
      },
    ],
    curl: (route: RouteRow): string => writeCurl(baseUrl, route, flat),
  };
}

const exampleEventId = 'evt_00k3v9q1zr7m2c8d4x6w0b5n1t';

function writeCurl(baseUrl: string, route: RouteRow, flat: string): string {
  const isMessage = /\/(?:messages|held|unknown)\//.test(route.path);
  const id = isMessage ? exampleEventId.replace('evt', 'msg') : exampleEventId;
  const path = route.path.replace(':id', id).replace(':code', 'invalid-event-data');
  const parts = [
    `curl -sS ${route.method === 'GET' ? '' : `-X ${route.method} `}${baseUrl}${path}`,
    ...(route.group === 'api' ? [`-H "Authorization: Bearer $TOKEN"`] : []),
    ...(route.body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quoteWord(writeBody(route, flat))}`]),
  ];
  return parts.join(' \\\n  ');
}

function writeBody({ path, body }: RouteRow, flat: string): string {
  if (body?.schema !== undefined) return toJson(exampleOf(body.schema));
  return path.endsWith('/batch') ? `[${flat}]` : flat;
}

function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
