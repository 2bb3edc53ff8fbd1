/** All scenarios. */
import { brokenRuns } from './brokenRuns';
import { damagedFiles } from './damagedFiles';
import type { Scenario } from './scenario';

export const scenarios: readonly Scenario[] = [...damagedFiles, ...brokenRuns];
