/** Rules as Prometheus reads them. */
export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Rules of one subject are one file: it can be loaded, and tested, without the others. */
export type RuleSubject = 'triggers' | 'triggers-depth' | 'burn-quick' | 'burn-slow' | 'state';

/** `page`: wakes a person. `ticket`: for the next working day. `watchdog`: its silence is the alarm. */
export type Severity = 'page' | 'ticket' | 'watchdog';

export interface AlertText {
  readonly name: string;
  readonly severity: Severity;
  readonly summary: string;
  /** Labels besides the severity and the service. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const serviceLabel = 'auto_com_center';
/** Where `docs/runbooks` of this repository can be read. Put your own address here and generate anew. */
const runbooksUrl = 'https://git.example.com/auto_com_center/blob/main/docs/runbooks';

/** An alert with all that each of ours has: severity, service, summary, and the address of its runbook. */
export function createAlert(text: AlertText, expr: string, forSpan?: string): AlertRule {
  return {
    alert: text.name,
    expr,
    ...(forSpan === undefined ? {} : { for: forSpan }),
    labels: { severity: text.severity, service: serviceLabel, ...text.labels },
    annotations: { summary: text.summary, runbook_url: `${runbooksUrl}/${text.name}.md` },
  };
}
