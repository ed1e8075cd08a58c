import { runProcess } from './compose/run-service.ts';
import { startApi } from './compose/start-api.ts';

await runProcess('api', startApi);
