/** Without the prefix `acc_`, which all names have. */
export interface MetricRow {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/**
 * Every metric of the service, in one table. Rules and dashboards name metrics from here and nowhere else.
 * Base units (seconds), `_total` on counters, and no label that can hold an address or an id.
 */
export const counterTable = {
  requests: {
    name: 'http_requests_total',
    help: 'HTTP requests answered, by route pattern, method and status.',
    labels: ['route', 'method', 'status'],
  },
  connectionsClosed: {
    name: 'http_connections_closed_total',
    help: 'Connections closed by us beyond a bound, by why: crowded (idle, for a newcomer), refused (a newcomer, all others at work), unread (its answers were not read).',
    labels: ['why'],
  },
  eventsAccepted: {
    name: 'events_accepted_total',
    help: 'Events written to the store, by type and client.',
    labels: ['type', 'client'],
  },
  tokensVerified: { name: 'tokens_verified_total', help: 'Bearer tokens found good.' },
  tokenFailures: {
    name: 'token_failures_total',
    help: 'Bearer tokens judged bad, by reason. Tokens that could not be judged are not in it.',
    labels: ['reason'],
  },
  keysUnavailable: {
    name: 'keys_unavailable_total',
    help: 'Tokens that could not be judged, because no usable key could be had.',
  },
  quarantineEnds: {
    name: 'quarantine_ends_total',
    help: 'Events that left quarantine, by how: accepted, or the reason of the rejection.',
    labels: ['end'],
  },
  attempts: {
    name: 'attempts_total',
    help: 'Provider calls, by how they ended.',
    labels: ['provider', 'channel', 'outcome'],
  },
  holds: { name: 'holds_total', help: 'Messages put on hold, by reason.', labels: ['reason'] },
  deadLetters: { name: 'dead_letters_total', help: 'Messages given up, by reason.', labels: ['reason'] },
  unknowns: {
    name: 'unknowns_total',
    help: 'Attempts whose outcome is not known, by the phase they were in and the policy that applies.',
    labels: ['phase', 'policy'],
  },
  guardRequests: {
    name: 'guard_requests_total',
    help: 'API requests of verified clients that triggers judge: no strangers, no refusals by decision, no outages.',
  },
  guardFailures: {
    name: 'guard_request_failures_total',
    help: 'Those of them that ended in a 5xx of ours.',
  },
  guardOutages: {
    name: 'guard_request_outages_total',
    help: 'API requests of verified clients answered with 503 because the store was away. Beside guard_requests_total.',
  },
  guardLeftOut: {
    name: 'guard_requests_left_out_total',
    help: 'API requests that no trigger and no objective judges, by why: stranger, unjudged, refused, aborted.',
    labels: ['why'],
  },
  guardTokens: {
    name: 'guard_tokens_total',
    help: 'Bearer tokens as the token trigger judges them: good, bad (of our issuer, each once in 5 minutes), repeated (such a one again), garbage.',
    labels: ['verdict'],
  },
  guardClientRequests: {
    name: 'guard_client_requests_total',
    help: 'The part of each client in guard_requests_total, operators left out: no trigger fires on one client alone.',
    labels: ['client'],
  },
  guardClientFailures: {
    name: 'guard_client_request_failures_total',
    help: 'The part of each client in guard_request_failures_total, operators left out.',
    labels: ['client'],
  },
  guardClientTimings: {
    name: 'guard_client_timings_total',
    help: 'The part of each client in guard_request_duration_seconds, operators left out, by pace: within or over 0.3 s.',
    labels: ['client', 'pace'],
  },
  guardClientTokens: {
    name: 'guard_client_tokens_total',
    help: 'The part of each client in guard_tokens_total: good, bad, repeated.',
    labels: ['client', 'verdict'],
  },
  messagesEnded: {
    name: 'messages_ended_total',
    help: 'Messages that ended, by how: sent or dead. In the active guard alone.',
    labels: ['end'],
  },
  depthSamples: {
    name: 'queue_depth_samples_total',
    help: 'Samples of the queue depth that had a baseline to be judged by. In the active guard alone.',
  },
  depthSamplesOver: {
    name: 'queue_depth_samples_over_total',
    help: 'Those of them that were over twice the baseline. In the active guard alone.',
  },
  guardFigures: {
    name: 'guard_figures_total',
    help: 'Deprecated, goes with the next release: guard_requests_total, guard_tokens_total and their like, in one.',
    labels: ['figure'],
  },
  collectFailures: {
    name: 'collect_failures_total',
    help: 'Scrapes that went without a part of the gauges, because it failed or took too long.',
  },
} as const satisfies Record<string, MetricRow>;

export const histogramTable = {
  requestSeconds: {
    name: 'http_request_duration_seconds',
    help: 'Our own time to answer a request: neither the sending nor the reading of the peer. Bucket edges lie exactly on the target (0.12 s) and the trigger (0.3 s).',
    labels: ['route', 'method'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 1, 2.5, 5],
  },
  guardRequestSeconds: {
    name: 'guard_request_duration_seconds',
    help: 'Our own time to answer the requests that the p95 trigger judges: those of verified clients.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.08, 0.12, 0.2, 0.3, 0.5, 1, 2.5, 5],
  },
  renderSeconds: {
    name: 'render_duration_seconds',
    help: 'Time to render one message.',
    labels: ['type', 'channel'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
  },
  attemptSeconds: {
    name: 'attempt_duration_seconds',
    help: 'Time of one provider call, from permit to outcome.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  },
  stopSeconds: {
    name: 'stop_duration_seconds',
    help: 'Time from the request of a stop to its confirmation.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 60],
  },
} as const satisfies Record<string, MetricRow & { readonly buckets: readonly number[] }>;

/** Gauges that hold what the whole fleet shares read the same in every process: aggregate them with `max`. */
export const gaugeTable = {
  queueDepth: {
    name: 'queue_depth',
    help: 'Jobs in a queue, by state. Of the whole fleet: use max.',
    labels: ['queue', 'state'],
  },
  queueOldestAge: {
    name: 'queue_oldest_age_seconds',
    help: 'Age of the oldest waiting job. Of the whole fleet: use max.',
    labels: ['queue'],
  },
  messages: {
    name: 'messages',
    help: 'Messages in the store, by state. Of the whole fleet: use max.',
    labels: ['state'],
  },
  recordsParked: {
    name: 'records_parked',
    help: 'Events and messages that this program cannot read, put aside until one comes that can. Of the whole fleet: use max.',
  },
  deadLettersKept: {
    name: 'dead_letters_kept',
    help: 'Dead letters, of events and of messages, that nobody has dealt with. Of the whole fleet: use max.',
  },
  messageOldestAge: {
    name: 'message_oldest_age_seconds',
    help: 'Age of the oldest message in a state. Of the whole fleet: use max.',
    labels: ['state'],
  },
  messagesHeld: {
    name: 'messages_held',
    help: 'Messages on hold now, by reason. Of the whole fleet: use max.',
    labels: ['reason'],
  },
  quarantineEvents: {
    name: 'quarantine_events',
    help: 'Events whose token nobody could judge yet. Of the whole fleet: use max.',
  },
  quarantineBytes: {
    name: 'quarantine_bytes',
    help: 'Bytes that they take. Of the whole fleet: use max.',
  },
  quarantineOldestAge: {
    name: 'quarantine_oldest_age_seconds',
    help: 'Age of the oldest of them; 0 when there is none. Of the whole fleet: use max.',
  },
  sending: { name: 'sending', help: '1 while the gate grants permits.' },
  dryRun: { name: 'dry_run', help: '1 while no provider is called, by mode.' },
  ingestionPaused: { name: 'ingestion_paused', help: '1 while events are refused.' },
  consumersPaused: { name: 'consumers_paused', help: '1 while no event is planned.' },
  gateEpoch: { name: 'gate_epoch', help: 'Number of the last change of the gate.' },
  attemptsInFlight: { name: 'attempts_in_flight', help: 'Provider calls under way.' },
  storeWentBack: {
    name: 'store_went_back',
    help: '1 while this process finds the store behind what is known of it: nothing is sent until a person adopts it.',
  },
  witnessOk: {
    name: 'witness_ok',
    help: '1 when the witness could be read and written when it was last tried; absent when there is none.',
  },
  storeWritable: {
    name: 'store_writable',
    help: '1 where the store took a write at this scrape, 0 where it did not or was away.',
  },
  storeDurable: {
    name: 'store_durable',
    help: '1 where the store was seen, or attested, to sync every write before it answers.',
  },
  proofOfLifeAge: {
    name: 'proof_of_life_age_seconds',
    help: 'Time since a synthetic message last went the whole path.',
  },
  triggerVerdict: {
    name: 'trigger_verdict',
    help: '1 at the present verdict (pass, fail, no-data) of a rollback trigger.',
    labels: ['trigger', 'verdict'],
  },
  triggerLatched: {
    name: 'trigger_latched',
    help: '1 from the moment a rollback trigger fired until a person releases it.',
    labels: ['trigger'],
  },
  queueBacklog: {
    name: 'queue_backlog',
    help: 'Jobs that could be worked on now and are not. In the active guard alone.',
  },
  queueBacklogJudged: {
    name: 'queue_backlog_judged',
    help: 'The backlog as the depth trigger judges it: beyond its line, without the client that has most of it. In the active guard alone.',
  },
  queueHeldBack: {
    name: 'queue_held_back',
    help: '1 while a pause of consumers holds a queue back. In the active guard alone.',
  },
  queueBaseline: {
    name: 'queue_depth_baseline',
    help: 'Median of the quiet queue depth, which the depth trigger is measured by. In the active guard alone.',
  },
  sloBudget: {
    name: 'slo_error_budget_remaining_ratio',
    help: 'Part of the error budget that is left: 1 untouched, 0 spent, below 0 overspent, -1 overspent by as much again or more.',
    labels: ['slo'],
  },
  build: { name: 'build_info', help: 'Always 1; the version is the label.', labels: ['version'] },
} as const satisfies Record<string, MetricRow>;
