import { runWorker } from '../src/compose/run-service.ts';
import { startPlanner } from '../src/compose/start-planner.ts';

await runWorker('plan-events', startPlanner);
