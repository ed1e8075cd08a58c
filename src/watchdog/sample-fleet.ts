import type { Redis } from 'ioredis';
import { followDepth, isDepthOver } from '../domain/depth-rules.ts';
import { consumeFlags } from '../domain/flags.ts';
import { type Bucket, type Counts, listClients } from '../domain/fleet-counters.ts';
import { triggerTable } from '../domain/thresholds.ts';
import { readGate, valueAt } from '../gate/flags.ts';
import type { Metrics } from '../observe/metrics.ts';
import { askShards } from '../store/ask-shards.ts';
import type { Keys, Store } from '../store/keys.ts';
import { callStore } from '../store/scripts.ts';
import { countersKeptMs } from './add-to-windows.ts';
import type { WatchdogMemory } from './watchdog-memory.ts';

export interface FleetSampler extends Store {
  readonly now: () => number;
  /** Jobs that could be worked on now and are not. */
  readonly countWaiting: (nowMs: number) => Promise<number>;
  /** About how many of them each client has. */
  readonly sampleWaiting: () => Promise<ReadonlyMap<string, number>>;
  readonly depthFloor: number;
  readonly metrics: Pick<Metrics, 'setBacklog' | 'countFleet'>;
}

/**
 * Samples what no process counts for itself, into the bucket that begins at `atMs`: the depth of the queues, and
 * whether somebody holds them back. Sampling twice overwrites. Returns the series with the sample in it.
 */
export async function sampleDepth(
  sampler: FleetSampler,
  series: readonly Bucket[],
  atMs: number,
): Promise<readonly Bucket[]> {
  const nowMs = sampler.now();
  const gate = await readGate(sampler.redis, sampler.keys);
  const isHeld = consumeFlags.some((flag) => valueAt(gate?.flags[flag], nowMs) === 'off');
  const depth = await sampler.countWaiting(nowMs);
  const moment = { atMs, sinceMs: 0, floor: sampler.depthFloor };
  const plain = { depth, 'depth-held': isHeld ? 1 : 0 };
  const { baseline } = followDepth(putSample(series, atMs, plain), triggerTable.depth, moment);
  const isOver = baseline !== undefined && isDepthOver(depth, baseline, triggerTable.depth);
  const others = isOver ? await estimateOthers(sampler, depth, series) : undefined;
  const sample = { ...plain, ...(others === undefined ? {} : { 'depth-others': others }) };
  const whole = putSample(series, atMs, sample);
  const { overMs } = followDepth(whole, triggerTable.depth, moment);
  const judged = Number(baseline !== undefined && !isHeld);
  const over = Number(judged === 1 && overMs !== undefined);
  const key = sampler.keys.central.fleetCounters(atMs);
  await callStore('sample depth', () =>
    sampler.redis
      .multi()
      .hdel(key, 'depth-others')
      .hset(key, {
        ...sample,
        'depth-judged': judged,
        'depth-over': over,
        ...(baseline === undefined ? {} : { 'depth-baseline': baseline }),
      })
      .pexpire(key, countersKeptMs)
      .exec(),
  );
  sampler.metrics.setBacklog({ jobs: depth, judged: others ?? depth, isHeld });
  sampler.metrics.countFleet('depth-judged', judged);
  sampler.metrics.countFleet('depth-over', over);
  return whole;
}

/** The series with this sample in the bucket of `atMs`, and none that was there. */
function putSample(series: readonly Bucket[], atMs: number, sample: Counts): readonly Bucket[] {
  const present = series.find(({ startMs }) => startMs === atMs);
  const { 'depth-others': _before, ...figures } = present?.figures ?? {};
  return [
    ...series.filter(({ startMs }) => startMs !== atMs),
    { ...present, startMs: atMs, figures: { ...figures, ...sample } },
  ];
}

/**
 * About how many jobs wait without those of the client that has most. Undefined when no other client has called
 * of late (alone on the service, its jobs are all the evidence there is), and when it is not known whose they are.
 */
async function estimateOthers(
  { sampleWaiting }: FleetSampler,
  depth: number,
  series: readonly Bucket[],
): Promise<number | undefined> {
  if (listClients(series).length < 2) return undefined;
  const jobs = [...(await sampleWaiting()).values()];
  const known = jobs.reduce((sum, count) => sum + count, 0);
  return known === 0 ? undefined : Math.round(depth * (1 - Math.max(...jobs) / known));
}

/**
 * Adds how many messages ended since the last look to the bucket of `atMs`, from the store's own counts: nothing is
 * missed while no watchdog was there. The first look only remembers.
 */
export async function sampleEnds(
  { redis, keys, metrics }: FleetSampler,
  { fields }: WatchdogMemory,
  atMs: number,
): Promise<void> {
  const ended = await readEnded(redis, keys);
  const shard = keys.central;
  const grown = (name: 'sent' | 'dead'): number =>
    Math.max(0, ended[name] - Number(fields[`seen:${name}`] ?? ended[name]));
  const [sent, dead] = [grown('sent'), grown('dead')];
  await callStore('sample ends', () =>
    redis
      .multi()
      .hincrby(shard.fleetCounters(atMs), 'sent', sent)
      .hincrby(shard.fleetCounters(atMs), 'dead', dead)
      .pexpire(shard.fleetCounters(atMs), countersKeptMs)
      .hset(shard.watchdog, { 'seen:sent': ended.sent, 'seen:dead': ended.dead })
      .exec(),
  );
  metrics.countFleet('sent', sent);
  metrics.countFleet('dead', dead);
}

/** A message that was delivered or came back was sent first. */
const sentStates = ['sent', 'delivered', 'bounced', 'complained'] as const;

async function readEnded(redis: Redis, keys: Keys): Promise<{ sent: number; dead: number }> {
  const ended = { sent: 0, dead: 0 };
  const rows = await askShards('read counts', keys, ({ messageCounts }) =>
    redis.hmget(messageCounts, ...sentStates, 'dead'),
  );
  for (const counts of rows) {
    ended.sent += counts.slice(0, -1).reduce((sum, count) => sum + Number(count ?? 0), 0);
    ended.dead += Number(counts.at(-1) ?? 0);
  }
  return ended;
}
