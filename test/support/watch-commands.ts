import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Calls `onCommand` with every line of Redis's MONITOR (time, client and the quoted arguments), until the returned function is called.
 *
 * By hand and not by ioredis: its `monitor()` fails when a busy store answers `+OK` and the first command in one piece.
 *
 * @param redisUrl - of a store without a password or TLS
 */
export const watchCommands = async (
  redisUrl: string,
  onCommand: (line: string) => void,
): Promise<() => void> => {
  const { hostname, port } = new URL(redisUrl);
  const socket = connect(Number(port), hostname);
  const lines = createInterface({ input: socket });
  lines.on('line', onCommand);
  socket.write('MONITOR\r\n');
  await once(lines, 'line');
  return () => socket.destroy();
};
