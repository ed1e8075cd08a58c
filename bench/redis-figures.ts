import type { Redis } from 'ioredis';

/** Bytes that what is stored takes, without what clients and the append-only file have in their buffers at the moment. */
export async function readUsedBytes(redis: Redis): Promise<number> {
  const memory = await redis.info('memory');
  const read = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1]);
  return (
    read('used_memory') - read('mem_clients_normal') - read('mem_aof_buffer') - read('used_memory_scripts')
  );
}

/** Commands run so far, and how many of them came as scripts. What scripts call counts like any other. */
export async function readCommandCounts(redis: Redis): Promise<{ commands: number; scripts: number }> {
  return countCommands(await redis.info('commandstats'));
}

export function countCommands(stats: string): { commands: number; scripts: number } {
  const counts = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
    ([, name = '', calls]) => [name, Number(calls)] as const,
  );
  const sum = (some: typeof counts): number => some.reduce((total, [, calls]) => total + calls, 0);
  return {
    commands: sum(counts),
    scripts: sum(counts.filter(([name]) => /^(eval|fcall)/.test(name))),
  };
}
