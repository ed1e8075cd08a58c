import { spawn } from 'node:child_process';

/**
 * The shell below waits on a pipe that only this process holds. When this process ends, in whatever way, the kernel
 * closes the pipe, `read` returns, and the child is asked to end, and is killed three seconds later.
 * `release` first writes a line, so that a finished child's number, perhaps given to another process since, is left alone.
 */
const script = `
  read -r word && exit 0
  kill -TERM "$1" 2>/dev/null || exit 0
  for _ in 1 2 3 4 5 6; do
    sleep 0.5
    kill -0 "$1" 2>/dev/null || exit 0
  done
  kill -KILL "$1" 2>/dev/null
`;

/** Makes sure that process `pid` does not outlive this one, SIGKILL included. Call the result once `pid` has ended. */
export function watchParent(pid: number): () => void {
  const watcher = spawn('/bin/sh', ['-c', script, 'watch-parent', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.unref();
  watcher.stdin.on('error', () => undefined);
  return () => void watcher.stdin.end('ended\n');
}
