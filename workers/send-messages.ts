import { runWorker } from '../src/compose/run-service.ts';
import { startSender } from '../src/compose/start-sender.ts';

await runWorker('send-messages', startSender);
