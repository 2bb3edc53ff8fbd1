import assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import type { SampleRequest } from '../../../../src/common/engineProtocol';
import { defaultSettings, type HostMessage, type PageMessage } from '../../../../src/common/studioProtocol';
import type { ProgressEvent, TrainEvent } from '../../../../src/common/trainEvents';
import { emptyWall, reduceWall, type Wall } from '../../../../src/common/wall';
import { StudioSession } from '../../../../src/extension/studio/studioSession';
import { studioHtml } from '../../../../src/extension/studio/studioHtml';
import { FakeClock, settle } from '../fakeClock';
import { fakeRun, fakeStudio, runItem, type FakeStudio } from '../../../support/studioHarness/fakePorts';

type Of<K extends HostMessage['type']> = Extract<HostMessage, { type: K }>;

/** A session with the page's side played by the test. */
class Played {
  readonly messages: HostMessage[] = [];
  readonly post = (message: HostMessage): void => void this.messages.push(structuredClone(message));
  readonly session: StudioSession;

  constructor(
    readonly fake: FakeStudio,
    private readonly clock: FakeClock,
  ) {
    this.session = new StudioSession(fake.ports);
  }

  /** Lets time pass, and everything that is due happen. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      await settle();
      this.clock.advance(10);
    }
    await settle();
  }

  send(message: PageMessage): Promise<void> {
    return this.session.receive(message, this.post);
  }

  all<K extends HostMessage['type']>(type: K): Of<K>[] {
    return this.messages.filter((message): message is Of<K> => message.type === type);
  }

  last<K extends HostMessage['type']>(type: K): Of<K> {
    const found = this.all(type).at(-1);
    assert.ok(found, `no ${type} was sent`);
    return found;
  }

  /** The wall as a page would have it. */
  wall(): Wall {
    const from = this.all('state').at(-1)?.wall ?? emptyWall();
    return this.all('wall').reduce((wall, { actions }) => actions.reduce(reduceWall, wall), from);
  }
}

/** How long the page may wait for what is sent in batches. */
const batch = 100;

function studio(): { played: Played; live: TrainEvent[]; clock: FakeClock } {
  const clock = new FakeClock();
  const live = fakeRun({ steps: 400, seed: 1, floor: 1.3, done: false });
  const old = fakeRun({ steps: 264, seed: 2, floor: 1.3, done: true });
  const runs = [runItem({ id: 'live', state: 'running' }), runItem({ id: 'old' })];
  const fake = fakeStudio({ live, old }, runs, clock);
  fake.paceMs = 0;
  return { played: new Played(fake, clock), live, clock };
}

const progress = (step: number): ProgressEvent => ({
  event: 'progress',
  step,
  epoch: 4,
  seconds: 9,
  fraction: 0.5,
  trainLoss: 2,
  minimumLoss: 1.9,
  maximumLoss: 2.1,
  trainAccuracy: 0.4,
  learningRate: 0.001,
  gradientNorm: 1,
  charactersPerSecond: 1000,
});

describe('StudioSession', () => {
  it('draws a page that says ready, whatever came before', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    const state = played.last('state');
    assert.equal(state.runId, 'live');
    assert.equal(state.runs.length, 2);
    assert.equal(state.modelPath, '/models/moby.safetensors');
    assert.deepEqual(state.settings, defaultSettings);
    const history = played.last('history');
    assert.equal(history.runId, 'live');
    assert.equal(history.history.latest?.step, 400);
    played.session.dispose();
  });

  it('sends events in batches, without the texts of samples', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    for (let step = 401; step < 411; step++) played.fake.train('live', progress(step));
    played.fake.train('live', { event: 'sample', step: 411, epoch: 4, temperature: 1, prompt: 'p', text: 'long' });
    played.fake.train('old', progress(1));
    await played.pass(batch);
    assert.equal(played.all('events').length, 1);
    const { events, runId } = played.last('events');
    assert.equal(runId, 'live');
    assert.equal(events.length, 11);
    assert.deepEqual(events[10], { event: 'sample', step: 411, epoch: 4, temperature: 1, prompt: '', text: '' });
    await played.send({ type: 'requestSamples', runId: 'live', step: 411 });
    assert.equal(played.last('recordedSamples').samples[0].text, 'long');
    played.session.dispose();
  });

  it('neither loses nor duplicates an event that arrives while the history is read', async () => {
    const { played, live } = studio();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const paused: TrainEvent = { event: 'notice', step: 500, kind: 'paused', message: 'Paused.' };
    played.fake.ports.runs.readEvents = async () => {
      const seen = [...live];
      await gate;
      // Two of the four late events are on disk already, the others are not.
      return [...seen, progress(500), paused];
    };
    const drawn = played.send({ type: 'ready' });
    await settle();
    for (const event of [progress(500), paused, paused, progress(501)]) played.fake.train('live', event);
    release();
    await drawn;
    assert.deepEqual(played.last('history').history.notices.slice(-2), [paused, paused]);
    const steps = played.last('history').history.progress.map((p) => p.step);
    assert.deepEqual(steps.slice(-3), [400, 500, 501]);
    await played.pass(batch);
    assert.equal(played.all('events').length, 0);
    played.session.dispose();
  });

  it('reports what the network of a run reads, or why that is unknown', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'requestInside', runId: 'live', at: 7, text: 'aж' });
    const { inside } = played.last('inside');
    assert.equal(inside?.example.at, 7);
    assert.deepEqual(
      inside?.tokens.map(({ token, known }) => [token, known]),
      [
        ['a', true],
        ['ж', false],
      ],
    );
    played.fake.ports.runs.inside = async () => {
      throw new InklingError('invalidInput', 'The text is gone.');
    };
    await played.send({ type: 'requestInside', runId: 'live', at: 0, text: '' });
    assert.deepEqual(played.last('inside'), { type: 'inside', runId: 'live', problem: 'The text is gone.' });
    played.session.dispose();
  });

  it('sends nothing to a hidden page, and redraws it later', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    played.session.detach();
    const before = played.messages.length;
    played.fake.train('live', progress(401));
    played.fake.runsChanged();
    await played.pass(batch);
    assert.equal(played.messages.length, before);
    await played.send({ type: 'ready' });
    assert.equal(played.last('history').history.latest?.step, 401);
    played.session.dispose();
  });

  it('switches to a run that has just started', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'selectRun', runId: 'old' });
    assert.equal(played.last('runs').runId, 'old');
    played.fake.runs.unshift(runItem({ id: 'new', state: 'running' }));
    played.fake.runsChanged();
    await settle();
    assert.equal(played.last('runs').runId, 'new');
    assert.equal(played.last('history').runId, 'new');
    played.session.dispose();
  });

  it('reads no run before a page asks, and keeps the chosen one until the list has been read', async () => {
    const { played, clock } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'selectRun', runId: 'old' });
    played.session.dispose();

    let listed = 0;
    const runs = played.fake.runs.splice(0);
    runs[0].state = 'interrupted';
    const { list } = played.fake.ports.runs;
    played.fake.ports.runs.list = () => (listed++, list());
    const later = new Played(played.fake, clock);
    assert.equal(listed, 0);
    await later.send({ type: 'ready' });
    assert.equal(later.all('history').length, 0);
    played.fake.runs.push(...runs);
    later.fake.runsChanged();
    await settle();
    assert.equal(later.last('runs').runId, 'old');
    assert.equal(later.last('history').runId, 'old');
    later.session.dispose();
  });

  it('stops what it writes into the editor', async () => {
    const { played } = studio();
    played.fake.ports.editor.continueText = (_path, _options, signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new InklingError('cancelled', 'Stopped.'))),
      );
    await played.send({ type: 'ready' });
    const continued = played.send({ type: 'continueText', modelPath: '/m' });
    assert.equal(played.last('continuing').active, true);
    await played.send({ type: 'stopContinuing' });
    await continued;
    assert.equal(played.last('continuing').active, false);
    assert.equal(played.all('notice').length, 0);
    played.session.dispose();
  });

  it('opens the wall as a text, with the tints of its words unless they are switched off', async () => {
    const { played } = studio();
    played.fake.ports.engine.sample = async (_, onDelta) => {
      onDelta({ stream: 0, text: ' sure', tokens: [' sure'], probabilities: [0.9] });
      onDelta({ stream: 0, text: ' surprised', tokens: [' surprised'], probabilities: [0.001] });
      onDelta({ stream: 1, text: ' unsure', tokens: [' unsure'], probabilities: [0.2] });
      return { texts: [' sure surprised', ' unsure'], copies: [], tokensPerSecond: 1 };
    };
    await played.send({ type: 'ready' });
    const samples = { ...defaultSettings.samples, prompt: 'Call me', temperatures: [0.2, 1] };
    await played.send({ type: 'settings', settings: { ...defaultSettings, samples } });
    await played.send({ type: 'generate', modelPath: '/models/moby.safetensors' });
    await played.send({ type: 'openWall' });
    const opened =
      '# Moby Dick\n\n## Temperature 0.2\n\nCall me sure surprised\n\n## Temperature 1\n\nCall me unsure\n';
    assert.deepEqual(played.fake.calls.slice(-3), [
      `open text ${JSON.stringify(opened)}`,
      'tint 4 “ surprised”',
      'tint 1 “ unsure”',
    ]);
    await played.send({ type: 'settings', settings: { ...defaultSettings, samples: { ...samples, tint: false } } });
    await played.send({ type: 'openWall' });
    assert.equal(played.fake.calls.at(-1), `open text ${JSON.stringify(opened)}`);
    played.session.dispose();
  });

  it('fills the wall from the settings and remembers it', async () => {
    const { played, clock } = studio();
    await played.send({ type: 'ready' });
    const samples = { ...defaultSettings.samples, prompt: 'Call me', temperatures: [0.2, 1], topK: 5, length: 40 };
    await played.send({ type: 'settings', settings: { ...defaultSettings, samples } });
    await played.send({ type: 'generate', modelPath: '/models/moby.safetensors' });
    await played.pass(batch);
    assert.ok(played.fake.calls.includes('sample 0.2,1 “Call me”'));
    const wall = played.wall();
    assert.deepEqual(
      wall.columns.map((c) => [c.options.temperature, c.state, c.text.length, c.lengths.length]),
      [
        [0.2, 'done', 40, 40],
        [1, 'done', 40, 40],
      ],
    );
    assert.deepEqual(wall.columns[0].options, { temperature: 0.2, length: 40, seed: 42, topK: 5 });
    assert.equal(wall.columns[0].copy?.runs[0].source, 'moby-dick.txt');

    // A new session: the window was reloaded.
    const later = new Played(played.fake, clock);
    await later.send({ type: 'ready' });
    assert.deepEqual(later.last('state').wall, wall);
    assert.equal(later.last('state').settings.samples.prompt, 'Call me');
    played.session.dispose();
    later.session.dispose();
  });

  it('fills an empty wall as soon as it is looked at and there is a model, and no other wall', async () => {
    const { played } = studio();
    const sampled = (): string[] => played.fake.calls.filter((call) => call.startsWith('sample'));
    played.fake.models.length = 0;
    played.fake.asksForBase = true;
    await played.send({ type: 'ready' });
    assert.equal(played.last('state').asksForBase, true);
    played.session.showTab('samples');
    await played.pass(batch);
    assert.deepEqual(sampled(), []);
    const samples = { ...defaultSettings.samples, length: 40 };
    await played.send({ type: 'settings', settings: { ...defaultSettings, tab: 'samples', samples } });
    await played.send({ type: 'answerBase', allowed: true });
    await played.pass(batch);
    assert.equal(played.last('models').asksForBase, false);
    assert.equal(played.last('showTab').tab, 'samples');
    // The base is given a line break, so that its samples begin with a word.
    assert.deepEqual(sampled(), ['sample 0.2,0.5,1,1.2 “\n”']);
    const { modelPath, columns } = played.wall();
    assert.equal(modelPath, 'base:en');
    // Running text ends with a word: the last one may have been cut off.
    assert.equal(columns[0].text, 'the sea, and the white foam of the');
    assert.equal(columns[0].lengths.length, columns[0].text.length);
    assert.equal(columns[0].copy?.runs[0].end, columns[0].text.length);
    played.session.showTab('training');
    played.session.showTab('samples');
    await played.pass(batch);
    assert.equal(sampled().length, 1);
    await played.session.fillWall('/models/old.safetensors');
    await played.pass(batch);
    assert.equal(sampled().length, 2, 'a model that has just been trained fills it again');
    played.session.dispose();
  });

  it('begins to fill an empty wall while the page that will show it still loads', async () => {
    const { played } = studio();
    const sampled = (): string[] => played.fake.calls.filter((call) => call.startsWith('sample'));
    played.session.showTab('training');
    await played.pass(batch);
    assert.equal(sampled().length, 0, 'another tab will be shown');
    played.session.showTab('samples');
    await played.pass(batch);
    assert.equal(sampled().length, 1);
    assert.deepEqual(played.messages, []);
    await played.send({ type: 'ready' });
    await played.pass(batch);
    assert.equal(sampled().length, 1);
    assert.ok(played.wall().columns[0].text.length > 0);
    played.session.dispose();
  });

  it('considers and branches after exactly the text before', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    const samples = { ...defaultSettings.samples, prompt: 'P:', temperatures: [0], length: 30 };
    await played.send({ type: 'settings', settings: { ...defaultSettings, samples } });
    await played.send({ type: 'generate', modelPath: '/models/moby.safetensors' });
    await played.pass(batch);
    const [column] = played.wall().columns;
    await played.send({ type: 'consider', column: column.id, offset: 4 });
    assert.ok(played.fake.calls.includes(`considered “P:${column.text.slice(0, 4)}”`));
    assert.equal(played.last('considered').considered[0].token, 'e');
    await played.send({ type: 'branch', column: column.id, offset: 4, token: 'Z' });
    await played.pass(batch);
    const branch = played.wall().columns[1];
    assert.equal(branch.lead, `${column.text.slice(0, 4)}Z`);
    assert.equal(branch.state, 'done');
    assert.equal(branch.text.length, 25);
    assert.ok(played.fake.calls.includes(`sample 0 “P:${branch.lead}”`));
    played.session.dispose();
  });

  it('shows words with the space that preceded the written one', async () => {
    const { played } = studio();
    played.fake.ports.engine.sample = async (_, onDelta) => {
      onDelta({ stream: 0, text: 'The whale', tokens: ['The', ' whale'], probabilities: [0.5, 0.5] });
      return { texts: ['The whale'], copies: [{ runs: [] }], tokensPerSecond: 1 };
    };
    played.fake.ports.engine.considered = async () => [{ token: 'ship', probability: 0.4 }];
    await played.send({ type: 'ready' });
    await played.send({ type: 'generate', modelPath: '/models/moby.safetensors' });
    await played.pass(batch);
    await played.send({ type: 'consider', column: played.wall().columns[0].id, offset: 5 });
    assert.deepEqual(played.last('considered').considered, [{ token: ' ship', probability: 0.4 }]);
    assert.equal(played.last('considered').offset, 3);
    played.session.dispose();
  });

  it('writes from two prompts at one temperature, and looks at each column after its own prompt', async () => {
    const { played } = studio();
    const requests: SampleRequest[] = [];
    const considered: string[] = [];
    const texts = [' sped', ' sped'];
    played.fake.ports.engine.sample = async (request, onDelta) => {
      requests.push(request);
      const [text] = texts;
      request.streams.forEach((_, stream) => onDelta({ stream, text, tokens: [text], probabilities: [0.5] }));
      return { texts, copies: [{ runs: [] }, { runs: [] }], tokensPerSecond: 1 };
    };
    played.fake.ports.engine.considered = async ({ prompt }) => {
      considered.push(prompt);
      return [];
    };
    await played.send({ type: 'ready' });
    const samples = {
      ...defaultSettings.samples,
      prompt: 'The stolen car',
      secondPrompt: 'The clown car',
      temperature: 0.5,
      seed: 7,
    };
    await played.send({ type: 'settings', settings: { ...defaultSettings, samples } });
    await played.send({ type: 'generate', modelPath: '/models/moby.safetensors' });
    await played.pass(batch);
    const [{ prompt, streams }] = requests;
    assert.deepEqual(prompt, ['The stolen car', 'The clown car']);
    assert.deepEqual(
      streams.map(({ temperature, seed }) => [temperature, seed]),
      [
        [0.5, 7],
        [0.5, 7],
      ],
    );
    const [, clown] = played.wall().columns;
    await played.send({ type: 'consider', column: clown.id, offset: 0 });
    await played.send({ type: 'branch', column: clown.id, offset: 0, token: ' fell' });
    assert.deepEqual(considered, ['The clown car']);
    assert.equal(requests[1].prompt, 'The clown car fell');
    played.session.dispose();
  });

  it('stops writing on request, and says why a column failed', async () => {
    const { played } = studio();
    played.fake.paceMs = 20;
    await played.send({ type: 'ready' });
    const writing = played.send({ type: 'generate', modelPath: '/models/moby.safetensors' });
    await played.pass(60);
    await played.send({ type: 'stopWriting' });
    await played.pass(batch);
    await writing;
    const stopped = played.wall().columns;
    assert.ok(stopped.every((c) => c.state === 'done' && c.text.length > 0 && c.text.length < 200));

    played.fake.ports.engine.sample = () => {
      throw new InklingError('incompatibleModel', 'Train it anew.');
    };
    await played.send({ type: 'generate', modelPath: '/models/moby.safetensors' });
    await played.pass(batch);
    assert.deepEqual(
      played.wall().columns.map((c) => [c.state, c.message]),
      Array(4).fill(['failed', 'Train it anew.']),
    );
    played.session.dispose();
  });

  it('hands the controls to Continue Text and can be used again if it fails', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    const changes = { temperature: 0.9, topP: 0.8, minP: 0.1, repetitionPenalty: 1.2, mustContain: ' lamp,, cold tea' };
    const samples = { ...defaultSettings.samples, ...changes };
    await played.send({ type: 'settings', settings: { ...defaultSettings, samples } });
    await played.send({ type: 'continueText', modelPath: '/m' });
    const options =
      '{"temperature":0.9,"length":300,"seed":42,"topP":0.8,"minP":0.1,"repetitionPenalty":1.2,"mustContain":["lamp","cold tea"]}';
    assert.ok(played.fake.calls.includes(`continue /m ${options}`));
    played.fake.ports.editor.continueText = () => Promise.reject(new InklingError('invalidInput', 'Open a text.'));
    await played.send({ type: 'continueText', modelPath: '/m' });
    assert.deepEqual(played.last('notice'), { type: 'notice', message: 'Open a text.', error: true });
    assert.equal(played.last('continuing').active, false);
    played.session.dispose();
  });

  it('keeps samples, and removes them', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'keep', text: 'one', prompt: '', temperature: 1, seed: 1, model: 'M' });
    await played.send({ type: 'keep', text: 'two', prompt: '', temperature: 1, seed: 1, model: 'M' });
    const { kept } = played.last('kept');
    assert.deepEqual(
      kept.map((k) => k.text),
      ['two', 'one'],
    );
    await played.send({ type: 'removeKept', id: kept[0].id });
    assert.deepEqual(
      played.last('kept').kept.map((k) => k.text),
      ['one'],
    );
    played.session.dispose();
  });

  it('takes the prompt from the cursor, or says what is missing', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'promptFromCursor' });
    assert.equal(played.last('prompt').text, 'It was a dark and stormy night; ');
    played.fake.ports.editor.textBeforeCursor = () => {
      throw new InklingError('invalidInput', 'Open a text first.');
    };
    await played.send({ type: 'promptFromCursor' });
    assert.match(played.last('notice').message, /open a text/i);
    played.session.dispose();
  });

  it('writes exports under a harmless name', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'export', format: 'csv', name: '../../etc/passwd: x', contents: 'a,b' });
    assert.ok(
      played.fake.calls.some((call) => call.startsWith('save ') && !/[/\\:]/.test(call.slice(5))),
      played.fake.calls.join('\n'),
    );
    await played.send({ type: 'export', format: 'png', name: 'curves', contents: 'AQID' });
    assert.ok(played.fake.calls.includes('save curves.png 3'));
    played.session.dispose();
  });

  it('logs an invalid message and carries on', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    const before = played.messages.length;
    await played.session.receive({ type: 'control', runId: 'live', action: 'explode' }, played.post);
    assert.equal(played.messages.length, before);
    assert.ok(played.fake.calls.some((call) => call.startsWith('log') && call.includes('control.action')));
    await played.send({ type: 'control', runId: 'live', action: 'pause' });
    assert.ok(played.fake.calls.includes('control live pause'));
    played.session.dispose();
  });

  it('reads the classifier only for a page that shows its tab, and tells that page about changes', async () => {
    const { played } = studio();
    const { classifier } = played.fake;
    await played.send({ type: 'ready' });
    classifier.changed();
    await played.pass(batch);
    assert.ok(!played.fake.calls.includes('read the classifier'), 'the engine is left alone');
    await played.send({ type: 'requestClassifier' });
    assert.deepEqual(played.last('classifier').state.record?.classes, ['ham', 'spam']);
    classifier.changed();
    classifier.changed();
    await played.pass(batch);
    assert.equal(played.all('classifier').length, 2, 'changes are sent in batches');
    await played.send({ type: 'ready' });
    classifier.changed();
    await played.pass(batch);
    assert.equal(played.all('classifier').length, 2, 'a new page has to ask');
    played.session.dispose();
  });

  it('sends only the newest state of the classifier, whichever was read first', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    const { port, state } = played.fake.classifier;
    const answers: ((threshold: number) => void)[] = [];
    port.state = () => new Promise((resolve) => answers.push((threshold) => resolve({ ...state, threshold })));
    const first = played.send({ type: 'requestClassifier' });
    played.fake.classifier.changed();
    await played.pass(batch);
    assert.equal(answers.length, 2);
    answers[1](0.7);
    answers[0](0.2);
    await first;
    await settle();
    assert.deepEqual(
      played.all('classifier').map(({ state: { threshold } }) => threshold),
      [0.7],
    );
    played.session.dispose();
  });

  it('follows a run that trains while another one is viewed', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'selectRun', runId: 'old' });
    await played.send({ type: 'settings', settings: { ...defaultSettings, tab: 'samples' } });
    played.fake.train('live', { event: 'sample', step: 411, epoch: 4, temperature: 1, prompt: 'p', text: 'new' });
    played.fake.train('old', progress(900));
    await played.pass(batch);
    assert.deepEqual(
      played
        .all('events')
        .map(({ runId }) => runId)
        .sort(),
      ['live', 'old'],
    );
    await played.send({ type: 'selectRun', runId: 'live' });
    await played.send({ type: 'settings', settings: defaultSettings });
    const before = played.all('events').length;
    played.fake.train('old', progress(901));
    await played.pass(batch);
    assert.equal(played.all('events').length, before, 'one that has ended and is not shown is not followed');
    played.session.dispose();
  });

  it('shows samples only once if a resumed run repeats their steps', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    const [start] = await played.fake.ports.runs.readEvents('live');
    assert.equal(start.event, 'start');
    const sample = (step: number, text: string): TrainEvent => ({
      event: 'sample',
      step,
      epoch: 4,
      temperature: 1,
      prompt: 'p',
      text,
    });
    for (const event of [
      sample(1000, 'kept'),
      sample(1100, 'lost'),
      { ...start, fromStep: 1050 },
      sample(1100, 'again'),
    ]) {
      played.fake.train('live', event as TrainEvent);
    }
    const texts = async (step: number): Promise<string[]> => {
      await played.send({ type: 'requestSamples', runId: 'live', step });
      return played.last('recordedSamples').samples.map(({ text }) => text);
    };
    assert.deepEqual(await texts(1000), ['kept']);
    assert.deepEqual(await texts(1100), ['again']);
    played.session.dispose();
  });

  it('passes on the requests of the Classifier tab, and no invalid threshold', async () => {
    const { played } = studio();
    await played.send({ type: 'ready' });
    await played.send({ type: 'setThreshold', threshold: 0.8 });
    await played.send({ type: 'setThreshold', threshold: null });
    await played.send({ type: 'setThreshold', threshold: 1.5 });
    await played.send({ type: 'chooseClassifier', path: '' });
    await played.send({ type: 'checkSelection' });
    await played.send({ type: 'trainClassifier' });
    await played.send({ type: 'correctCheck', check: 0, label: 'ham' });
    await played.send({ type: 'removeCorrection', id: 'c1' });
    assert.deepEqual(
      played.fake.calls.filter((call) => !call.startsWith('log')),
      [
        'threshold 0.8',
        'threshold undefined',
        'choose ',
        'check',
        'trainClassifier',
        'correct 0 ham',
        'removeCorrection c1',
      ],
    );
    played.session.dispose();
  });
});

describe('studioHtml', () => {
  const addresses = {
    script: 'vscode-resource:/w.js',
    style: 'vscode-resource:/w.css',
    source: 'vscode-resource:',
    nonce: 'n0nce',
  };

  it('allows our own script and style and nothing else', () => {
    const html = studioHtml({ ...addresses, language: { tag: 'en', bundle: {} } });
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    assert.match(policy, /^default-src 'none'; /);
    assert.match(policy, /base-uri 'none'; form-action 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|connect-src|https:/);
    assert.match(html, /<script nonce="n0nce" src="vscode-resource:\/w\.js">/);
    assert.deepEqual(html.match(/<script [^>]*>/g), [
      '<script nonce="n0nce" type="application/json" id="language">',
      '<script nonce="n0nce" src="vscode-resource:/w.js">',
    ]);
  });

  it('carries the language as data that cannot end its block', () => {
    const language = { tag: 'de', bundle: { Pause: '</script><script>alert(1)</script>' } };
    const html = studioHtml({ ...addresses, language });
    assert.match(html, /^<html lang="de">$/m);
    assert.equal(html.match(/<script/g)?.length, 2);
    const data = /id="language">(.*)<\/script>/.exec(html)?.[1] ?? '';
    assert.deepEqual(JSON.parse(data), language);
    assert.match(studioHtml({ ...addresses, language: { tag: '"><b>', bundle: {} } }), /^<html lang="en">$/m);
  });
});
