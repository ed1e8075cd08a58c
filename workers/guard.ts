import { runWorker } from '../src/compose/run-service.ts';
import { startGuard } from '../src/compose/start-guard.ts';

await runWorker('guard', startGuard);
