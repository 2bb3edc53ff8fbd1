/** The commands that show what happens inside: next, tokens, examples, step, the layers of inspect, and first weights. */
import * as assert from 'node:assert';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import type { TrainEvent } from '../../../../src/common/trainEvents';
import { entriesOf, encodeHeader, bytesOf, type Tensor } from '../../../../src/engine/model/safetensors';
import { readLanguageModel } from '../../../../src/engine/model/modelFile';
import { runCommand, type Outcome } from '../../../support/command';
import { sharedFile } from '../../../support/shared';
import { madeText, of } from '../training/support';

let folder: string;
const inkling = (...args: string[]): Promise<Outcome> => runCommand(folder, args);
const close = (actual: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

interface NextLine {
  temperature: number;
  entropyNats: number;
  tokens: { token: string; probability: number; cut?: number }[];
}
const lines = <T>(out: string): T[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

/** A command that must succeed and print nothing to the error output. */
async function output(...args: string[]): Promise<string> {
  const { code, out, err } = await inkling(...args);
  assert.deepEqual([code, err], [0, ''], args.join(' '));
  return out;
}

const names = ['abba', 'bacab', 'caab', 'abc', 'cab', 'baba'];
const layers = ['--set', 'network.layers.0.units=6'];

describe('The commands that show what happens inside', function () {
  this.slow(3000);

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-inside-'));
    await fs.writeFile(path.join(folder, 'made.txt'), madeText(3000));
    await fs.writeFile(path.join(folder, 'names.txt'), names.join('\n'));
    await fs.writeFile(path.join(folder, 'words.txt'), 'To be, or not to be: that is the question.\nTo be or\n');
    const train = async (...args: string[]): Promise<void> => {
      const { code, err } = await inkling('train', ...args, ...layers, '--threads', '1', '--json');
      assert.equal(code, 0, err);
    };
    const text = ['--recipe', 'nietzsche', '--objective', 'every-step', '--set', 'batch=4'];
    await train('made.txt', ...text, '--max-steps', '60', '--seed', '3');
    await train('names.txt', '--recipe', 'dinosaur-names', '--max-steps', '60');
    await train('words.txt', '--recipe', 'shakespeare-words-lstm', '--set', 'samples.count=0', '--max-steps', '3');
  });
  after(() => fs.rm(folder, { recursive: true }));

  describe('next', () => {
    const next = async (...args: string[]): Promise<NextLine[]> =>
      lines(await output('next', 'made.inkling.safetensors', '--prompt', 'the s', '--json', ...args));

    it('prints one line per temperature: probabilities that add up to 1, the likeliest first, with their entropy', async () => {
      const temperatures = [0.5, 1, 2];
      const all = await next('--all', ...temperatures.flatMap((t) => ['--temperature', String(t)]));
      assert.deepEqual(
        all.map(({ temperature }) => temperature),
        temperatures,
      );
      const plain = new Map(all[1].tokens.map(({ token, probability }) => [token, probability]));
      for (const { temperature, entropyNats, tokens } of all) {
        const q = tokens.map(({ probability }) => probability);
        close(
          q.reduce((a, b) => a + b),
          1,
        );
        assert.deepEqual(
          q,
          [...q].sort((a, b) => b - a),
        );
        close(entropyNats, -q.reduce((sum, x) => sum + (x > 0 ? x * Math.log(x) : 0), 0));
        // q = p^(1/T) / Σ p^(1/T)
        const powers = tokens.map(({ token }) => plain.get(token)! ** (1 / temperature));
        const total = powers.reduce((a, b) => a + b);
        powers.forEach((power, i) => close(q[i], power / total));
      }
      assert.ok(all[0].entropyNats < all[1].entropyNats && all[1].entropyNats < all[2].entropyNats);
    });

    it('shows ten tokens unless all are requested, a certain one at temperature 0, and marks what is truncated', async () => {
      const [some] = await next();
      const [all] = await next('--all');
      assert.equal(some.tokens.length, 10);
      assert.equal(some.temperature, 1);
      assert.deepEqual(some.tokens, all.tokens.slice(0, 10));
      const [greedy] = await next('--temperature', '0');
      assert.deepEqual([greedy.entropyNats, greedy.tokens[0].probability, greedy.tokens[1].probability], [0, 1, 0]);
      const [cut] = await next('--top-k', '2');
      close(cut.tokens[0].probability + cut.tokens[1].probability, 1);
      assert.deepEqual([cut.tokens[1].cut, cut.tokens[2].probability], [undefined, 0]);
      close(cut.tokens[2].cut!, all.tokens[2].probability);
    });

    it('in words: a table with the formula, naming unknown characters and words', async () => {
      const run = ['next', 'made.inkling.safetensors', '--prompt', 'жa', '--temperature', '0.5', '--temperature', '1'];
      const { out, err } = await inkling(...run);
      assert.match(out, /q = p\^\(1\/T\) \/ Σ p\^\(1\/T\)/);
      assert.match(out, /\n +T 0\.5 +T 1\n/);
      assert.match(out, /\nentropy +\d\.\d{3} nats +\d\.\d{3} nats\n/);
      assert.equal(err, 'inkling: The model has never seen "ж", which it read as unknown.\n');
      const word = await inkling('next', 'words.inkling.safetensors', '--prompt', 'to walk', '--json', '--all');
      assert.equal(word.err, 'inkling: The model has never seen "walk", which it read as unknown.\n');
      const { tokens } = lines<NextLine>(word.out)[0];
      assert.ok(tokens.every(({ token }) => token !== '' && token !== '<OOV>'));
      close(
        tokens.reduce((sum, { probability }) => sum + probability, 0),
        1,
      );
    });
  });

  describe('tokens', () => {
    const tokens = async (...args: string[]): Promise<unknown[]> =>
      (JSON.parse(await output('tokens', ...args, '--json')) as { tokens: unknown[] }).tokens;

    it('gives each character and word its index, and says which are unknown', async () => {
      assert.deepEqual(await tokens('names.inkling.safetensors', 'CaX\n'), [
        { token: 'c', id: 3, known: true },
        { token: 'a', id: 1, known: true },
        { token: 'x', id: null, known: false },
        { token: '\n', id: 0, known: true },
      ]);
      const words = (await tokens('words.inkling.safetensors', 'To be, walk')) as { token: string }[];
      assert.deepEqual(
        words.map(({ token }) => token),
        ['to', 'be', 'walk'],
      );
      assert.deepEqual(words.slice(1), [
        { token: 'be', id: 3, known: true },
        { token: 'walk', id: 1, known: false },
      ]);
      assert.match(
        await output('tokens', 'words.inkling.safetensors', 'be walk'),
        /"be" +3 +"be" +OK\n"walk" +1 +"<OOV>" +unknown/,
      );
    });

    it('lists the vocabulary with counts if no text is given', async () => {
      const text = `${names.join('\n')}\n`;
      assert.deepEqual(
        await tokens('names.inkling.safetensors'),
        ['\n', 'a', 'b', 'c'].map((token, id) => ({ token, id, known: true, count: text.split(token).length - 1 })),
      );
      assert.match(await output('tokens', 'names.inkling.safetensors'), /"\\n" +0 +"\\n" +6 times/);
    });
  });

  describe('examples', () => {
    const example = async (...args: string[]): Promise<Record<string, unknown>> =>
      JSON.parse(await output('examples', ...args, '--json')) as Record<string, unknown>;

    it('of windows: the window, the character after it, and the stride to the next window', async () => {
      const text = madeText(3000).toLowerCase();
      const at = await example('made.txt', '--recipe', 'nietzsche', '--at', '7');
      assert.equal(at.inputText, text.slice(21, 81));
      assert.equal(at.targetText, text[81]);
      assert.deepEqual(at.shape, [128, 60]);
      assert.deepEqual([(at.inputIds as number[]).length, (at.targetIds as number[]).length], [60, 1]);
      assert.equal(at.count, Math.floor((text.length - 61) / 3) + 1);
      assert.equal(at.stepsPerEpoch, Math.ceil((at.count as number) / 128));
      const sorted = [...new Set(text)].sort();
      assert.deepEqual(at.targetIds, [sorted.indexOf(text[81])]);
    });

    it('of lines: nothing is fed in first, the newline is the last target', async () => {
      const at = await example('names.txt', '--recipe', 'dinosaur-names', '--at', '3');
      assert.deepEqual(
        [at.inputText, at.targetText, at.inputIds, at.targetIds, at.shape],
        ['abc', 'abc\n', [null, 1, 2, 3], [1, 2, 3, 0], [1, 4]],
      );
      assert.match(
        await output('examples', 'names.txt', '--recipe', 'dinosaur-names', '--at', '3'),
        /6 examples, 6 steps per epoch\n[^]*input ids +none 1 2 3\n[^]*entering +one-hot: 4 numbers/,
      );
    });

    it('of beginnings of lines: padded in front, the last word the target', async () => {
      const held = ['--set', 'text.heldOut.kind=none'];
      const at = await example('words.txt', '--recipe', 'shakespeare-words-rnn', '--at', '1', ...held);
      assert.deepEqual([at.inputText, at.targetText], ['to be', 'or']);
      const ids = at.inputIds as number[];
      assert.deepEqual(ids, [...Array<number>(ids.length - 2).fill(0), 2, 3]);
      assert.equal(at.count, 9 + 2);
    });

    it('of running text, every step: each character predicts the next; all examples together are the text', async () => {
      const text = madeText(3000).toLowerCase();
      const twin = ['made.txt', '--recipe', 'nietzsche', '--objective', 'every-step'];
      const first = await example(...twin);
      assert.deepEqual([first.inputText, first.targetText], [text.slice(0, 63), text.slice(0, 64)]);
      const last = await example(...twin, '--at', String((first.count as number) - 1));
      assert.ok((last.targetText as string).length > 0 && text.endsWith(last.targetText as string));
    });

    it('refuses an invalid number, and a missing recipe', async () => {
      const beyond = await inkling('examples', 'names.txt', '--recipe', 'dinosaur-names', '--at', '6');
      assert.deepEqual([beyond.code, beyond.err], [1, 'inkling: There is no example 6: this text has 0 to 5.\n']);
      assert.equal((await inkling('examples', 'names.txt')).code, 2);
    });
  });

  describe('step', () => {
    interface Step {
      lossNats: number;
      gradients: Record<string, { norm: number; largest: number; clippedShare: number }>;
      norm: number;
      clippedNorm: number;
      hidden: number[];
    }
    const step = async (...args: string[]): Promise<Step> =>
      JSON.parse(await output('step', ...args, '--json')) as Step;

    it('gives the loss of an example, its gradients by tensor, and the last hidden state', async () => {
      const result = await step('names.inkling.safetensors', 'names.txt', '--at', '2');
      const reference = await step('names.inkling.safetensors', 'names.txt', '--at', '2', '--backend', 'reference');
      close(result.lossNats, reference.lossNats, 1e-4);
      assert.deepEqual(Object.keys(result.gradients), [
        'rnn.weight_ih_l0',
        'rnn.weight_hh_l0',
        'rnn.bias_ih_l0',
        'output.weight',
        'output.bias',
      ]);
      const squares = Object.values(result.gradients).reduce((sum, { norm }) => sum + norm ** 2, 0);
      close(result.norm, Math.sqrt(squares), 1e-4);
      assert.ok(result.clippedNorm <= result.norm);
      assert.equal(result.hidden.length, 6);
      assert.ok(result.hidden.every((value) => Math.abs(value) < 1));
      // The sum over the name's characters, about ln 4 each for a network that knows almost nothing.
      assert.ok(result.lossNats > 3 && result.lossNats < 8, String(result.lossNats));
    });

    it('says what is clipped', async () => {
      const args = ['step', 'names.inkling.safetensors', 'names.txt'];
      assert.match(
        await output(...args),
        /example 0: "abba" → "abba\\n"\nloss \d+\.\d{6} nats \(sum over 5 targets\)\n[^]*beyond ±5/,
      );
    });
  });

  it('draw gives the network as SVG, over the beginning of a text, and replaces no file', async () => {
    const svg = await output('draw', 'names.inkling.safetensors', '--prompt', 'cab');
    assert.match(svg, /^<svg [^]*RNN 6[^]*<\/svg>\n$/);
    assert.equal(await output('draw', 'names.inkling.safetensors', '--view', 'cell', '--out', 'cell.svg'), '');
    assert.match(await fs.readFile(path.join(folder, 'cell.svg'), 'utf8'), /tanh\(W x\(t\)/);
    const again = await inkling('draw', 'names.inkling.safetensors', '--out', 'names.txt');
    assert.equal(again.code, 1);
    assert.match(again.err, /names\.txt was not written .* Name a new file/);
    assert.equal(await fs.readFile(path.join(folder, 'names.txt'), 'utf8'), names.join('\n'));
    assert.equal((await inkling('draw', 'names.inkling.safetensors', '--view', 'sideways')).code, 2);
  });

  it('inspect lists the layers, their shapes and their parameters', async () => {
    const summary = JSON.parse(await output('inspect', 'words.inkling.safetensors', '--json')) as {
      parameters: number;
      layers: { kind: string; outputShape: (number | null)[]; parameters: number }[];
    };
    assert.deepEqual(summary.layers, [
      { kind: 'embedding', outputShape: [null, 16, 100], parameters: 1000 },
      { kind: 'lstm', outputShape: [null, 6], parameters: 4 * 6 * (100 + 6 + 1) },
      { kind: 'softmax', outputShape: [null, 10], parameters: 10 * (6 + 1) },
    ]);
    assert.equal(
      summary.layers.reduce((sum, layer) => sum + layer.parameters, 0),
      summary.parameters,
    );
    const shown = await output('inspect', 'names.inkling.safetensors');
    assert.match(shown, /rnn +batch × any number of steps × 6 numbers +66\n/);
  });

  it('train reports exact counts, accuracies and the time of a step; inspect does too', async () => {
    const held = ['--set', 'text.heldOut.kind=tail', '--set', 'text.heldOut.fraction=0.1'];
    const run = ['train', 'made.txt', '--recipe', 'nietzsche', ...layers, ...held, '--epochs', '1', '--out', 'exact'];
    const out = await output(...run, '--set', 'samples.count=0', '--set', 'objective.stride=40', '--threads', '1');
    const different = new Set(madeText(3000).toLowerCase()).size;
    assert.ok(out.startsWith(`made.txt: 3000 characters, ${different} different\n`), out);
    const windows = (tokens: number): number => Math.floor((tokens - 61) / 40) + 1;
    // Held-out windows begin in the text before.
    const counts = `${windows(2700)} windows of 60 characters to learn from, ${windows(360)} held out, 1 step per epoch\n`;
    assert.ok(out.includes(counts), out);
    assert.match(out, /\d+ parameters, last-step/);
    assert.match(
      out,
      /\nepoch 1 · step 1 · [\d.]+ s, [\d.]+ ms per step · loss \d\.\d{4} · accuracy 0\.\d{4} · held out \d\.\d{4} \([\d.]+ bits\/character\) · accuracy 0\.\d{4}/,
    );
    assert.match(
      out,
      /\nexact: 1 steps in [\d.]+ s, training loss \d\.\d{4}, accuracy 0\.\d{4}, held-out loss \d\.\d{4} nats \([\d.]+ bits per character\), accuracy 0\.\d{4}, seed 1\n/,
    );
    assert.match(await output('inspect', 'exact'), /held-out loss +\d\.\d{4} nats \(.*\), accuracy 0\.\d{4}\n/);
    const summary = JSON.parse(await output('inspect', 'exact', '--json')) as Record<string, number>;
    assert.ok(summary.trainAccuracy >= 0 && summary.heldOutAccuracy >= 0);
  });

  it('help shows one command with its notes, and the settings with their values', async () => {
    const one = await output('help', 'sample');
    assert.match(one, /^ {2}inkling sample <model>/);
    assert.match(one, /--repetition-penalty R looks at/);
    assert.doesNotMatch(one, /inkling train|--resume/);
    assert.equal(await output('sample', '--help'), one);
    assert.match(await output('--help'), /inkling train <files…>[^]*inkling evaluate/);
    const unknown = await inkling('help', 'sing');
    assert.deepEqual([unknown.code, unknown.err], [2, 'inkling: There is no command "sing". Run "inkling help".\n']);
    const settings = await output('help', 'settings');
    assert.match(settings, /^ {2}network\.layers\.0\.units +a whole number from 1 to 4096$/m);
    assert.match(settings, /^ {2}optimiser\.clipValue +a number above 0 to 1000000, or none$/m);
    assert.match(settings, /^ {2}schedule\.finalFraction +a number from 0 to 1; with kind cosine$/m);
    assert.match(settings, /^ {2}samples\.temperatures +a list of 0 to 16 items/m);
  });

  it('recipes names the spam detector and its command, train does too, and kinds of text are recognised', async () => {
    const listed = JSON.parse(await output('recipes', '--json')) as { id: string; command?: string }[];
    assert.match(
      listed.find(({ id }) => id === 'sms-spam')!.command!,
      /^inkling train-classifier .* --recipe sms-spam/,
    );
    assert.match(
      await output('recipes'),
      /sms-spam: [^]*rnn, birnn, lstm, bilstm, gru, bigru\n {2}inkling train-classifier/,
    );
    const refused = await inkling('train', 'names.txt', '--recipe', 'sms-spam');
    assert.equal(refused.code, 1);
    assert.match(refused.err, /sms-spam trains a classifier: run "inkling train-classifier .*--recipe sms-spam/);
    const list = Array.from({ length: 40 }, (_, i) => `abelisaurus${'abcd'[i % 4].repeat(i)}`.slice(0, 30));
    await fs.writeFile(path.join(folder, 'list.txt'), list.join('\n'));
    const run = ['train', 'list.txt', '--recipe', 'nietzsche', ...layers, '--max-steps', '1', '--out', 'kind'];
    const notices = of(lines<TrainEvent>(await output(...run, '--json')), 'notice');
    assert.match(notices[0].message, /^list\.txt has lines of names; the recipe nietzsche is for running text\./);
    const none = await output(...run.map((word) => (word === 'nietzsche' ? 'dinosaur-names' : word)), '--json');
    assert.deepEqual(of(lines<TrainEvent>(none), 'notice'), []);
  });

  it('--more-epochs continues for that many epochs from where the model stopped', async () => {
    const run = ['names.txt', '--recipe', 'dinosaur-names', ...layers, '--json'];
    await output('train', ...run, '--epochs', '2', '--out', 'two');
    const more = await output(
      'train',
      'names.txt',
      '--resume',
      'two',
      '--more-epochs',
      '1',
      '--out',
      'three',
      '--json',
    );
    assert.deepEqual(
      [of(lines<TrainEvent>(more), 'start')[0].fromStep, of(lines<TrainEvent>(more), 'done')[0].epochs],
      [12, 3],
    );
    await output('train', ...run, '--epochs', '3', '--out', 'straight');
    const [cut, whole] = await Promise.all(
      ['three', 'straight'].map((name) => readLanguageModel(path.join(folder, name))),
    );
    assert.deepEqual(cut.parameters, whole.parameters);
    assert.equal((await inkling('train', ...run, '--more-epochs', '1')).code, 2);
  });

  it('keep=every-epoch writes a model for each epoch, named by epoch and loss', async () => {
    const run = ['train', 'names.txt', '--recipe', 'dinosaur-names', ...layers, '--set', 'keep=every-epoch', '--json'];
    const told = lines<TrainEvent>(await output(...run, '--epochs', '2', '--out', 'kept.inkling.safetensors'));
    const losses = of(told, 'epoch').flatMap(({ complete, trainLoss }) => (complete ? [trainLoss!.toFixed(4)] : []));
    const files = losses.map((loss, i) => `kept.epoch-0${i + 1}-loss-${loss}.inkling.safetensors`);
    assert.equal(files.length, 2);
    const [first, last] = await Promise.all(files.map((name) => readLanguageModel(path.join(folder, name))));
    assert.deepEqual([first.results.epochs, last.results.epochs], [1, 2]);
    const whole = await readLanguageModel(path.join(folder, 'kept.inkling.safetensors'));
    assert.deepEqual(last.parameters, whole.parameters);
    assert.notDeepEqual(first.parameters, whole.parameters);
    assert.ok(of(told, 'notice').some(({ message }) => message.endsWith(`are kept in ${files[0]}.`)));
  });

  describe('sample', () => {
    interface Sample {
      temperature: number;
      prompt: string;
      text: string;
      runs?: unknown[];
      realWordShare?: number;
      novelShare?: number;
    }
    const sample = async (...args: string[]): Promise<Sample[]> =>
      JSON.parse(await output('sample', ...args, '--seed', '5', '--json')) as Sample[];

    it('continues several prompts at several temperatures, each with its length', async () => {
      const asked = ['--prompt', 'the sea', '--prompt', 'a ship', '--temperature', '0', '--temperature', '1'];
      const samples = await sample('made.inkling.safetensors', ...asked, '--length', '8', '--length', '20');
      assert.deepEqual(
        samples.map(({ prompt, temperature, text }) => [prompt, temperature, text.length]),
        [
          ['the sea', 0, 8],
          ['the sea', 1, 20],
          ['a ship', 0, 8],
          ['a ship', 1, 20],
        ],
      );
      // The same random numbers for each prompt: what one writes does not depend on the other.
      const [alone] = await sample(
        'made.inkling.safetensors',
        '--prompt',
        'a ship',
        '--temperature',
        '0',
        '--length',
        '8',
      );
      assert.equal(alone.text, samples[2].text);
      const wrong = await inkling('sample', 'made.inkling.safetensors', '--length', '1', '--length', '2');
      assert.equal(wrong.code, 2);
    });

    it('--against reports the share of real words and what was copied', async () => {
      const model = 'made.inkling.safetensors';
      const [own] = await sample(model, '--length', '200', '--against', 'made.txt');
      const words = new Set(
        madeText(3000)
          .toLowerCase()
          .split(/[^a-z]+/),
      );
      const whole = own.text.split(/[^a-z]+/).slice(1, -1);
      assert.ok(Math.abs(own.realWordShare! - whole.filter((word) => words.has(word)).length / whole.length) < 0.05);
      assert.ok(own.novelShare! >= 0 && Array.isArray(own.runs));
      const [other] = await sample(model, '--length', '200', '--against', 'names.txt');
      assert.equal(other.text, own.text);
      assert.ok(other.realWordShare! < own.realWordShare!);
      const shown = await inkling('sample', model, '--length', '200', '--against', 'names.txt', '--seed', '5');
      assert.match(shown.out, /\(\d+\.\d% real words · \d+\.\d% new sequences of 8 characters · nothing copied\)/);
    });
  });

  describe('train --weights', () => {
    const write = (name: string, tensors: Map<string, Tensor>): Promise<void> =>
      fs.writeFile(
        path.join(folder, name),
        Buffer.concat([
          encodeHeader({}, entriesOf(tensors)),
          ...[...tensors.values()].map(({ values }) => bytesOf(values)),
        ]),
      );
    const tensor = (shape: number[], value: number): Tensor => ({
      shape,
      values: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
    });
    const tensors = (): Map<string, Tensor> =>
      new Map([
        ['rnn.weight_ih_l0', tensor([6, 4], 0.1)],
        ['rnn.weight_hh_l0', tensor([6, 6], 0.2)],
        ['rnn.bias_ih_l0', tensor([6], 0.3)],
        ['output.weight', tensor([4, 6], 0.4)],
        ['output.bias', tensor([4], 0.5)],
      ]);
    const train = (...args: string[]): Promise<Outcome> =>
      inkling(
        'train',
        'names.txt',
        '--recipe',
        'dinosaur-names',
        ...layers,
        '--max-steps',
        '1',
        '--json',
        '--out',
        'w',
        ...args,
      );

    it('starts from the tensors of a file', async () => {
      await write('good.safetensors', tensors());
      const { code, err } = await train('--weights', 'good.safetensors', '--set', 'optimiser.learningRate=1e-9');
      assert.equal(code, 0, err);
      const { parameters } = await readLanguageModel(path.join(folder, 'w'));
      const expected = [...tensors().values()].flatMap(({ values }) => [...values]);
      parameters.forEach((value, i) => close(value, expected[i], 1e-5));
      await fs.copyFile(path.join(folder, 'w'), path.join(folder, 'trained'));
      const again = await train('--weights', 'trained');
      assert.equal(again.code, 0, again.err);
    });

    it('refuses a tensor of another name or shape, or a missing one, by name', async () => {
      const cases: [(all: Map<string, Tensor>) => void, RegExp][] = [
        [(all) => void all.set('rnn.weight_ih_l1', tensor([6, 6], 0)), /further tensor "rnn\.weight_ih_l1"/],
        [(all) => void all.delete('output.bias'), /tensor "output\.bias" is missing/],
        [
          (all) => void all.set('rnn.weight_hh_l0', tensor([6, 5], 0)),
          /tensor "rnn\.weight_hh_l0" is \[6, 5\], not \[6, 6\]/,
        ],
        [
          (all) => void all.set('output.bias', tensor([4], NaN)),
          /tensor "output\.bias" holds numbers that are not finite/,
        ],
      ];
      for (const [change, message] of cases) {
        const all = tensors();
        change(all);
        await write('bad.safetensors', all);
        const { code, out, err } = await train('--weights', 'bad.safetensors', '--overwrite');
        assert.deepEqual([code, out], [1, '']);
        assert.match(err, message);
        assert.match(err, /It needs rnn\.weight_ih_l0 \[6, 4\], .*all F32\.\n$/);
      }
      assert.match((await train('--weights', 'names.txt')).err, /not a safetensors file/);
      assert.equal((await train('--weights', 'w', '--resume', 'w')).code, 2);
    });

    it('the published first weights and order of names give the published loss at step 2,000', async function () {
      this.timeout(120_000);
      const fixture = sharedFile(this, 'fixtures/dinosaurs/training-run.json');
      const { initial, order, trajectory } = JSON.parse(await fs.readFile(fixture, 'utf8')) as {
        initial: Record<'Wax' | 'Waa' | 'b' | 'Wya' | 'by', number[]>;
        order: string[];
        trajectory: { iteration: number; smoothedLoss: number }[];
      };
      const of27 = (values: number[], ...shape: number[]): Tensor => ({ shape, values: Float32Array.from(values) });
      await write(
        'first.safetensors',
        new Map([
          ['rnn.weight_ih_l0', of27(initial.Wax, 50, 27)],
          ['rnn.weight_hh_l0', of27(initial.Waa, 50, 50)],
          ['rnn.bias_ih_l0', of27(initial.b, 50)],
          ['output.weight', of27(initial.Wya, 27, 50)],
          ['output.bias', of27(initial.by, 27)],
        ]),
      );
      await fs.writeFile(path.join(folder, 'ordered.txt'), order.join('\n'));
      const run = ['train', 'ordered.txt', '--recipe', 'dinosaur-names', '--weights', 'first.safetensors', '--json'];
      const { code, out, err } = await inkling(...run, '--set', 'objective.shuffle=false', '--max-steps', '2001');
      assert.equal(code, 0, err);
      const [done] = of(lines<TrainEvent>(out), 'done');
      const expected = trajectory.find(({ iteration }) => iteration === 2000)!.smoothedLoss;
      close(expected, 27.88416, 1e-5);
      close(done.smoothedLoss!, expected, 0.001);
    });
  });
});
