import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../../src/common/errors';
import type { DoneEvent, TrainEvent } from '../../../../../src/common/trainEvents';
import { followJob, type Follower } from '../../../../../src/engine/exchange/jobs/followJob';
import { openJobSource } from '../../../../../src/engine/exchange/jobs/jobSource';
import { smallConfig } from '../../../../support/trainingConfig';

const sample = (step: number, text = ''): TrainEvent => ({
  event: 'sample',
  step,
  epoch: 0,
  temperature: 1,
  prompt: '',
  text,
});
const done: DoneEvent = {
  event: 'done',
  model: '/far/model.inkling.safetensors',
  seconds: 1,
  steps: 9,
  epochs: 1,
  characters: 90,
  trainLoss: 2,
  heldOutLoss: null,
  heldOutBitsPerCharacter: null,
  heldOutAccuracy: null,
  charactersPerSecond: 90,
  threads: 1,
  backend: 'pytorch',
  kernel: 'test',
  seed: 1,
  base: null,
  reason: 'budget',
};
const started: TrainEvent = {
  event: 'start',
  config: smallConfig(),
  reasons: [],
  files: ['a.txt'],
  tokens: 9,
  trainTokens: 9,
  heldOutTokens: 0,
  vocabulary: 3,
  parameters: 4,
  stepsPerEpoch: 1,
  seed: 1,
  base: null,
  fromStep: 0,
  fromSeconds: 0,
  backend: 'pytorch',
  kernel: 'test',
  threads: 1,
};
const line = (event: TrainEvent): string => `${JSON.stringify(event)}\n`;

/** The reported events; each wait for news runs the next of `steps`. */
async function follow(
  job: string,
  steps: (() => unknown)[],
  more: Partial<Follower> & { token?: string } = {},
): Promise<{ events: TrainEvent[]; log: string[]; done: DoneEvent }> {
  const events: TrainEvent[] = [];
  const log: string[] = [];
  const source = await openJobSource(job, more.token);
  const ended = await followJob(source, {
    onEvent: (event) => events.push(event),
    onLog: (text) => log.push(text),
    sleepMs: async () => {
      const next = steps.shift();
      if (!next) throw new Error('It waits for more than there is.');
      await next();
    },
    ...more,
  });
  return { events, log, done: ended };
}

const samplesOf = (events: TrainEvent[]): number[] =>
  events.flatMap((event) => (event.event === 'sample' ? [event.step] : []));
const noticesOf = (events: TrainEvent[]): string[] =>
  events.flatMap((event) => (event.event === 'notice' ? [event.message] : []));
const refused = (work: Promise<unknown>, what: RegExp): Promise<void> =>
  assert.rejects(
    work,
    (error) => error instanceof InklingError && error.code === 'invalidInput' && what.test(error.message),
  );

describe('Following a job in a folder', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-follow-'));
    file = path.join(folder, 'events.jsonl');
    await fs.writeFile(path.join(folder, 'job.json'), '{}');
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  it('waits for the file, and reports each event once, as it comes', async () => {
    const { events, done: ended } = await follow(folder, [
      () => fs.writeFile(file, line(sample(1))),
      () => {},
      () => fs.appendFile(file, line(sample(2)) + line(sample(3))),
      () => fs.appendFile(file, line(done)),
    ]);
    assert.deepEqual(samplesOf(events), [1, 2, 3]);
    assert.match(noticesOf(events)[0], /has not started yet/);
    assert.equal(noticesOf(events).length, 1);
    assert.deepEqual(ended, done);
  });

  it('reads a line that is written in two parts, even within a character', async () => {
    const bytes = Buffer.from(line(sample(1, 'Sísifo')));
    const cut = bytes.indexOf(0xc3) + 1;
    await fs.writeFile(file, bytes.subarray(0, cut));
    const { events } = await follow(folder, [
      () => fs.appendFile(file, bytes.subarray(cut)),
      () => fs.appendFile(file, line(done)),
    ]);
    assert.deepEqual(events, [sample(1, 'Sísifo')]);
  });

  it('leaves out a line that a killed worker did not finish, and reads what follows it', async () => {
    const whole = line(sample(1));
    await fs.writeFile(file, whole.slice(0, 30) + line(sample(2)) + whole.slice(0, 20) + '\n' + line(done));
    const { events } = await follow(folder, []);
    assert.deepEqual(samplesOf(events), [2]);
  });

  it('begins again when the job was restarted', async () => {
    await fs.writeFile(file, line(sample(1)) + line(sample(2)));
    const { events } = await follow(folder, [
      () => fs.writeFile(file, line(sample(7))),
      () => fs.appendFile(file, line(done)),
    ]);
    assert.deepEqual(samplesOf(events), [1, 2, 7]);
  });

  it('says when the folder is out of reach, and when it is back', async () => {
    await fs.writeFile(file, line(sample(4)));
    const away = `${folder}-away`;
    const { events } = await follow(folder, [
      () => fs.rename(folder, away),
      () => {},
      () => fs.rename(away, folder),
      () => fs.appendFile(file, line(done)),
    ]);
    const [lost, back, ...others] = noticesOf(events);
    assert.match(lost, /is lost \(ENOENT\): trying again/);
    assert.match(back, /is back/);
    assert.deepEqual(others, []);
    assert.ok(events.every((event) => 'step' in event && event.step === 4));
  });

  it('ends without the job when it is cancelled', async () => {
    const controller = new AbortController();
    await assert.rejects(follow(folder, [() => controller.abort()], { signal: controller.signal }), /Cancelled/);
  });

  it('stops a job by a file', async () => {
    await (await openJobSource(folder)).stop();
    assert.ok(await fs.stat(path.join(folder, 'stop')));
  });

  it('refuses a pipe in the place of the events, which would never end', async function () {
    if (process.platform === 'win32') this.skip();
    execFileSync('mkfifo', [file]);
    await refused(follow(folder, []), /is not a regular file/);
  });

  it('reads a long file piece by piece, and leaves out a line that is longer than a piece', async () => {
    const piece = 16 * 1024 * 1024;
    await fs.writeFile(file, line(sample(1)));
    // A hole, which takes no space on the disk.
    await fs.truncate(file, 3 * piece);
    await fs.appendFile(file, `\n${line(sample(2))}${line(done)}`);
    const { events } = await follow(folder, [() => {}, () => {}, () => {}]);
    assert.deepEqual(samplesOf(events), [1, 2]);
  });

  it('refuses a folder without a job', async () => {
    await fs.rm(path.join(folder, 'job.json'));
    await refused(openJobSource(folder), /is not the folder of a job/);
  });
});

describe('Following a job of a Ray cluster', () => {
  let server: http.Server;
  let address: string;
  let logs: string;
  let status: string;
  let failing: boolean;
  /** What is answered to everything. */
  let odd: string | undefined;
  let submitted: string[];
  const worker = '\u001b[36m(RayTrainWorker pid=12, ip=10.0.0.3)\u001b[0m ';
  beforeEach(async () => {
    [logs, status, failing, submitted] = ['', 'RUNNING', false, []];
    odd = undefined;
    const jobs = [
      { submission_id: 'old', entrypoint: 'python /jobs/a/train.py --ray', start_time: 1, status: 'SUCCEEDED' },
      { submission_id: 'new', entrypoint: 'python /jobs/b/train.py --ray', start_time: 2 },
      { submission_id: 'other', entrypoint: 'python other.py', start_time: 3 },
    ];
    server = http.createServer((request, response) => {
      const reply = (code: number, body: unknown): void => void response.writeHead(code).end(JSON.stringify(body));
      if (request.headers.authorization !== 'Bearer secret') return reply(401, {});
      if (failing) return reply(503, {});
      if (odd !== undefined) return void response.end(odd);
      if (request.method === 'POST') {
        // So does Ray, which changes nothing for a browser.
        if (Object.keys(request.headers).some((name) => name.startsWith('sec-fetch-'))) return reply(405, {});
        let body = '';
        request.on('data', (data: Buffer) => (body += data.toString()));
        request.on('end', () => {
          submitted.push((JSON.parse(body) as { entrypoint: string }).entrypoint);
          reply(200, {});
        });
        return;
      }
      if (request.url === '/api/jobs/') return reply(200, jobs);
      if (request.url === '/api/jobs/new/logs') return reply(200, { logs });
      if (request.url === '/api/jobs/new') return reply(200, { ...jobs[1], status, message: 'The driver died.' });
      reply(404, {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `ray://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => server.close());

  it('finds the events of the latest job among the lines of its log', async () => {
    logs = `Starting.\n${worker}${line(sample(1))}`;
    const { events, log } = await follow(address, [() => (logs += worker + line(sample(2)) + worker + line(done))], {
      token: 'secret',
    });
    assert.deepEqual(samplesOf(events), [1, 2]);
    assert.deepEqual(log, ['Starting.']);
  });

  it('reports once what Ray repeats in the log, also after a restart by a machine whose clock is behind', async () => {
    const at = (time: number, event: TrainEvent): string => `${worker}${JSON.stringify({ ...event, time })}\n`;
    const low = at(10.001, sample(1)) + at(10.002, sample(2));
    const high = at(10.5, sample(3));
    const again = at(9.5, started) + at(9.6, sample(2));
    logs = at(10, started) + at(10, started) + low + low + high + high + again + again + at(12, done) + at(12, done);
    const { events } = await follow(`${address}/new`, [], { token: 'secret' });
    assert.deepEqual(samplesOf(events), [1, 2, 3, 2]);
    assert.equal(events.filter(({ event }) => event === 'start').length, 2);
  });

  it('continues after the dashboard was out of reach', async () => {
    logs = line(sample(1));
    const { events } = await follow(
      `${address}/new`,
      [() => (failing = true), () => {}, () => ((failing = false), (logs += line(done)))],
      { token: 'secret' },
    );
    assert.deepEqual(
      noticesOf(events).map((message) => /lost \(HTTP 503\)|back/.exec(message)?.[0]),
      ['lost (HTTP 503)', 'back'],
    );
  });

  it('says what is wrong with an answer that is not of a dashboard, and tries again', async () => {
    for (const answer of ['<html>Log in</html>', 'null', '{"logs":5}', '"none"', '[null]']) {
      odd = answer;
      logs = line(done);
      const { events } = await follow(address, [() => (odd = undefined)], { token: 'secret' });
      assert.match(noticesOf(events)[0], /does not answer like the dashboard of a Ray cluster/, answer);
    }
  });

  it('says why a job ended without a model', async () => {
    logs = `ValueError: no\n`;
    status = 'FAILED';
    await refused(follow(address, [], { token: 'secret' }), /FAILED: The driver died.; its last line: ValueError: no/);
  });

  it('asks for a token, and for the right job', async () => {
    await refused(follow(address, []), /RAY_AUTH_TOKEN/);
    await refused(follow(`${address}/none`, [], { token: 'secret' }), /has no job none/);
  });

  it('stops a job by a file in its folder', async () => {
    await (await openJobSource(address, 'secret')).stop();
    assert.deepEqual(submitted, ['touch /jobs/b/stop']);
    failing = true;
    await refused((await openJobSource(`${address}/new`, 'secret')).stop(), /HTTP 503/);
  });
});
