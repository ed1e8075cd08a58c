/** No queue, no rendering: a rendered mail and a pool. What email delivery is held against. `POST /<count>` sends. */
import { createServer } from 'node:http';
import { openPool } from './mail-pool.ts';
import { createMailRenderer } from './render-mail.ts';
import { readSetting } from './settings.ts';

const pool = openPool(Number(readSetting('CONCURRENCY')));
const mail = createMailRenderer(readSetting('TEMPLATES_DIR'))({ match_score: 90, student_name: 'Ada' });

const server = createServer((request, response) => {
  const count = Number(request.url?.slice(1));
  const sending = Array.from({ length: count }, (_, index) =>
    pool.sendMail({ to: `pool-${index}@example.com`, ...mail }),
  );
  Promise.all(sending).then(
    () => response.writeHead(204).end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(Number(readSetting('PORT')), '127.0.0.1', () => console.log('ready'));
