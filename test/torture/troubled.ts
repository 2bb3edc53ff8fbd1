/** Scenarios that end badly, for the test of how rounds are run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { Scenario } from './scenario';

const rounds = { full: 0, small: 0 };

export const troubled: readonly Scenario[] = [
  {
    name: 'hangs in its second round',
    rounds,
    prepare: () =>
      Promise.resolve(async (_folder, _random, round) => {
        if (round !== 1) return;
        // A port shows best whether a process is there: one that was killed may keep its number for a while.
        const program = `const server = require('net').createServer();
          server.listen(0, '127.0.0.1', () => process.send(server.address().port));`;
        const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
        const [port] = (await once(child, 'message')) as [number];
        await fs.writeFile(path.join(process.env.TROUBLED!, 'port'), String(port));
        for (;;);
      }),
  },
  {
    name: 'fails, then exits',
    rounds,
    prepare: () =>
      Promise.resolve((_folder, _random, round) => {
        if (round === 0) throw new Error('a model was lost');
        if (round === 1) process.exit(3);
        return Promise.resolve();
      }),
  },
  { name: 'cannot be prepared', rounds, prepare: () => Promise.reject(new Error('no disk')) },
];
