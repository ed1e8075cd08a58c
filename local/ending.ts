import type { DemoOutcome } from './demo.ts';
import type { Report } from './report.ts';
import type { Stand } from './stand.ts';

/** Says where to look now, by what became of the messages, and what to type next. */
export function sayEnding(stand: Stand, outcome: DemoOutcome | undefined, report: Report): void {
  report.title('Where to look');
  for (const [name, detail] of listPlaces(stand, outcome)) report.say(`    ${name.padEnd(22)} ${detail}`);
  report.title('Post an event yourself');
  for (const line of composeCurl(stand.addresses.api)) report.say(`    ${line}`);
}

function listPlaces(stand: Stand, outcome: DemoOutcome | undefined): readonly (readonly [string, string])[] {
  const places: (readonly [string, string])[] = [];
  if (isRehearsal(stand)) {
    places.push([
      'Rehearsed drafts',
      `${stand.environment['OUTBOX_DIR']}  (APP_MODE=dry_run: nothing was sent)`,
    ]);
  } else if (isStopped(stand)) {
    places.push([
      'Held, not lost',
      'sending is off here (DISABLE_SEND). To let it go: ./scripts/up --stop, then',
    ]);
    places.push([
      '',
      'DISABLE_SEND=false ./scripts/up, then: ./scripts/acc held release --reason stopped --yes "checked"',
    ]);
  } else {
    places.push(['Mail and texts', stand.addresses.sent]);
  }
  if ((outcome?.get('not finished') ?? 0) > 0) {
    places.push([
      'Still under way',
      'some messages wait for their turn (see their reason above), and go on by themselves',
    ]);
  }
  places.push(['API', `${stand.addresses.api}  (health: /readyz, figures: /canary)`]);
  places.push(['Settings', `${stand.environmentFile}  (./scripts/acc env --env-file …, acc guard)`]);
  places.push(['Try a fault', './scripts/acc drill provider-down  (./scripts/acc drill lists them)']);
  places.push(['Logs', stand.logsDir]);
  return places;
}

function composeCurl(apiUrl: string): readonly string[] {
  const body = {
    type: 'new_match_found',
    student_id: 'stu_1003',
    scholarship_id: 'sch_2002',
    match_score: 88,
  };
  return [
    `curl -sS ${apiUrl}/api/events \\`,
    '  -H "Authorization: Bearer $(./scripts/token)" \\',
    "  -H 'Content-Type: application/json' \\",
    '  -H "Idempotency-Key: try-$(date +%s)" \\',
    `  -d '${JSON.stringify(body)}'`,
  ];
}

function isRehearsal(stand: Stand): boolean {
  return stand.environment['APP_MODE'] === 'dry_run';
}

function isStopped(stand: Stand): boolean {
  return (
    stand.environment['DISABLE_SEND'] !== 'false' ||
    (stand.environment['EMERGENCY_STOP'] ?? 'false') !== 'false'
  );
}
