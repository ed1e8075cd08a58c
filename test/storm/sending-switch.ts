import { setTimeout as sleep } from 'node:timers/promises';
import { stopAndQuiesce, switchOn } from '../faults/switch-sending.ts';
import type { Service } from '../support/service.ts';

/** From a confirmed stop to the order to start again; ms of `performance.now()`. */
export interface ClosedTime {
  readonly from: number;
  readonly until: number;
}

/** The kill switch, used by one caller at a time, whatever fails meanwhile. */
export interface SendingSwitch {
  readonly closedTimes: readonly ClosedTime[];
  /** Runs `act` while no other caller uses the switch. */
  alone(act: () => Promise<void>): Promise<void>;
  /** Stops; resolves with whether it was confirmed that nothing is in flight. */
  stop(): Promise<boolean>;
  /** Retries until sending is on, and records the closed time before it. */
  start(): Promise<void>;
}

/** Stops by the API, as a person does; where it does not confirm, at the store, as `acc stop` does then. */
export function createSendingSwitch(service: Service): SendingSwitch {
  const closedTimes: ClosedTime[] = [];
  let confirmedAt: number | undefined;
  let queue = Promise.resolve();
  const askApi = async (): Promise<boolean> => {
    const json = { enabled: false, reason: 'a storm', wait_ms: 10_000 };
    const answer = await service.call('/api/control/send', { method: 'PUT', json }).catch(() => undefined);
    return answer?.body['state'] === 'quiesced';
  };
  return {
    closedTimes,
    alone: (act) => {
      const turn = queue.then(act);
      queue = turn.catch(() => undefined);
      return turn;
    },
    stop: async () => {
      const confirmed = (await askApi()) || (await succeeds(stopAndQuiesce(service)));
      if (confirmed) confirmedAt ??= performance.now();
      return confirmed;
    },
    start: async () => {
      if (confirmedAt !== undefined) closedTimes.push({ from: confirmedAt, until: performance.now() });
      confirmedAt = undefined;
      while (!(await succeeds(switchOn(service)))) await sleep(50);
    },
  };
}

async function succeeds(turn: Promise<void>): Promise<boolean> {
  return await turn.then(
    () => true,
    () => false,
  );
}
