import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, vi } from 'vitest';

// Each starts a process, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 40_000 });

const watch = new URL('./watch-event-loop.ts', import.meta.url).href;

/** A process of its own that watches itself with a patience of two seconds, then does `body`. */
function startWatched(body: string) {
  const program = `import { watchEventLoop } from ${JSON.stringify(watch)};
watchEventLoop(2_000);
setTimeout(() => { ${body} }, 100);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, printed }));
  return { child, ended };
}

test.concurrent('a process whose event loop is blocked ends by itself and says why', async ({ expect }) => {
  const { ended } = startWatched('for (;;);');
  const end = await ended;
  expect(end.signal).toBe('SIGKILL');
  expect(JSON.parse(end.printed)).toMatchObject({
    level: 'FATAL',
    msg: 'the event loop is blocked: the process ends, to be replaced',
  });
});

test.concurrent('one that works in small steps, or has nothing left to do, is left alone', async ({
  expect,
}) => {
  const busy = startWatched(
    `const endAt = Date.now() + 4_000;
    const step = () => { const until = Date.now() + 200; while (Date.now() < until); if (Date.now() < endAt) setTimeout(step, 0); };
    step();`,
  );
  const idle = startWatched('');
  expect(await busy.ended).toMatchObject({ code: 0, printed: '' });
  expect(await idle.ended).toMatchObject({ code: 0, printed: '' });
});

test.concurrent('one that was stopped for longer and goes on is left alone', async ({ expect }) => {
  const { child, ended } = startWatched(`process.stdout.write('go'); setTimeout(() => undefined, 7_000);`);
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  setTimeout(() => child.kill('SIGCONT'), 4_500);
  expect(await ended).toMatchObject({ code: 0, printed: 'go' });
});
