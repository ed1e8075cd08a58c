import { setTimeout as sleep } from 'node:timers/promises';
import { readGate, setFlag } from '../../src/gate/flags.ts';
import { stopSending } from '../../src/gate/stop-sending.ts';
import type { Service } from '../support/service.ts';

/** From a confirmed stop to the order to start again; ms of `performance.now()`. */
export interface ClosedTime {
  readonly from: number;
  readonly until: number;
}

/** The kill switch, turned by one at a time, however much is broken meanwhile. */
export interface SendingSwitch {
  readonly closedTimes: readonly ClosedTime[];
  /** Runs `act` while nobody else turns the switch. */
  alone(act: () => Promise<void>): Promise<void>;
  /** Stops, and tells whether somebody confirmed that nothing is under way. */
  stop(): Promise<boolean>;
  /** Insists on a start, and writes down the closed time before it. */
  start(): Promise<void>;
}

const why = { actor: 'storm', reason: 'a storm' } as const;
const waitMs = 10_000;

/** Stops by the API, as a person does; where it does not confirm, at the store, as `acc stop` does then. */
export function createSendingSwitch(service: Service): SendingSwitch {
  const closedTimes: ClosedTime[] = [];
  let confirmedAt: number | undefined;
  let queue = Promise.resolve();
  const askApi = async (): Promise<boolean> => {
    const json = { enabled: false, reason: why.reason, wait_ms: waitMs };
    const answer = await service.call('/api/control/send', { method: 'PUT', json }).catch(() => undefined);
    return answer?.body['state'] === 'quiesced';
  };
  const askStore = async (): Promise<boolean> => {
    const clocks = { now: Date.now, monotonicNow: () => performance.now() };
    const order = { ...why, flag: 'send', waitMs } as const;
    const report = await stopSending({ ...service, ...clocks }, order).catch(() => undefined);
    return report?.state === 'quiesced';
  };
  return {
    closedTimes,
    alone: (act) => {
      const turn = queue.then(act);
      queue = turn.catch(() => undefined);
      return turn;
    },
    stop: async () => {
      const confirmed = (await askApi()) || (await askStore());
      if (confirmed) confirmedAt ??= performance.now();
      return confirmed;
    },
    start: async () => {
      if (confirmedAt !== undefined) closedTimes.push({ from: confirmedAt, until: performance.now() });
      confirmedAt = undefined;
      while (!(await startAtStore(service).catch(() => false))) await sleep(50);
    },
  };
}

async function startAtStore({ redis, keys }: Service): Promise<boolean> {
  const gate = await readGate(redis, keys);
  const order = { ...why, flag: 'send', value: 'on', seenEpoch: gate?.epoch ?? 0 } as const;
  return (await setFlag({ redis, keys, now: Date.now }, order)).kind === 'done';
}
