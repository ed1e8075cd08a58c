import { runWorker } from '../src/compose/run-service.ts';
import { startWatchdog } from '../src/compose/start-watchdog.ts';

await runWorker('guard', startWatchdog);
