import type { DemoOutcome } from './demo.ts';
import type { Report } from './report.ts';
import type { Stack } from './stack.ts';

/** Prints where to look now, which depends on what became of the messages, and what to type next. */
export function printNextSteps(stack: Stack, outcome: DemoOutcome | undefined, report: Report): void {
  report.title('Where to look');
  for (const [name, detail] of listPlaces(stack, outcome)) report.say(`    ${name.padEnd(22)} ${detail}`);
  report.title('Post an event yourself');
  for (const line of composeCurl(stack.addresses.api)) report.say(`    ${line}`);
}

function listPlaces(stack: Stack, outcome: DemoOutcome | undefined): readonly (readonly [string, string])[] {
  const places: (readonly [string, string])[] = [];
  if (isRehearsal(stack)) {
    places.push([
      'Rehearsed drafts',
      `${stack.environment['OUTBOX_DIR']}  (APP_MODE=dry_run: nothing was sent)`,
    ]);
  } else if (isStopped(stack)) {
    places.push([
      'Held, not lost',
      'sending is off here (DISABLE_SEND). To let it go: ./scripts/up --stop, then',
    ]);
    places.push([
      '',
      'DISABLE_SEND=false ./scripts/up, then: ./scripts/acc held release --reason stopped --yes "checked"',
    ]);
  } else {
    places.push(['Mail and texts', stack.addresses.sent]);
  }
  if ((outcome?.get('not finished') ?? 0) > 0) {
    places.push([
      'Still under way',
      'some messages wait for their turn (see their reason above), and go on by themselves',
    ]);
  }
  places.push(['API', `${stack.addresses.api}  (health: /readyz, canary: /canary)`]);
  places.push(['Settings', `${stack.environmentFile}  (./scripts/acc env --env-file …, acc preflight)`]);
  places.push(['Practise a failure', './scripts/acc drill provider-down  (./scripts/acc drill lists them)']);
  places.push(['Logs', stack.logsDir]);
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

function isRehearsal(stack: Stack): boolean {
  return stack.environment['APP_MODE'] === 'dry_run';
}

function isStopped(stack: Stack): boolean {
  return (
    stack.environment['DISABLE_SEND'] !== 'false' ||
    (stack.environment['EMERGENCY_STOP'] ?? 'false') !== 'false'
  );
}
