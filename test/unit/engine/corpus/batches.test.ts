import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import type { TrainingConfig } from '../../../../src/common/trainingConfig';
import { type Batch, noTarget } from '../../../../src/engine/backends/backend';
import { type BatchSource, trainingBatches } from '../../../../src/engine/corpus/batchSource';
import { buildCorpus, type Corpus } from '../../../../src/engine/corpus/corpus';
import { planBatches } from '../../../../src/engine/corpus/planBatches';
import { readingBatches, scoreBatches } from '../../../../src/engine/corpus/readingBatches';
import { Vocabulary } from '../../../../src/engine/corpus/vocabulary';
import { windowBatches, windowCount } from '../../../../src/engine/corpus/windows';
import { Random } from '../../../../src/engine/random';
import { allOf, corpusOf, distinctText, kept, rowsOf, settings, sorted } from './settings';

/** One epoch's batches. */
function epochOf(source: BatchSource): Batch[] {
  const batches: Batch[] = [];
  for (;;) {
    const { batch, epochEnded, tokens } = source.next();
    assert.equal(tokens, batch.targets.filter((target) => target !== noTarget).length);
    batches.push(kept(batch));
    if (epochEnded) break;
  }
  assert.equal(batches.length, source.stepsPerEpoch);
  return batches;
}

function refused(action: () => unknown, message: RegExp): void {
  assert.throws(
    action,
    (error) => error instanceof InklingError && error.code === 'invalidInput' && message.test(error.message),
    String(message),
  );
}

/**
 * Follows carried batches as a network would: what each row has read since its state was last zero. Returns, for every
 * target, the token and the text that the network has read when it predicts it.
 */
function readAlong(batches: Iterable<Batch>, corpus: Corpus): { target: string; read: string }[] {
  const state: string[] = [];
  const found: { target: string; read: string }[] = [];
  for (const batch of batches) {
    rowsOf(batch, corpus).forEach(({ inputs, targets }, row) => {
      if (batch.state === 'zero' || batch.resetRows?.[row]) state[row] = '';
      [...inputs].forEach((input, t) => {
        state[row] += input;
        if ([...targets][t] !== '-') found.push({ target: [...targets][t], read: state[row] });
      });
    });
  }
  return found;
}

/** Whether what was read is the text before the target in one of the files (`·` before a file's first). */
function checkContexts(found: { target: string; read: string }[], files: string[]): void {
  for (const { target, read } of found) {
    const file = files.find((text) => text.includes(target))!;
    const before = '·' + file.slice(0, file.indexOf(target));
    assert.ok(before.endsWith(read) && read.length > 0, `${target} after ${read}`);
  }
}

describe('Every-step batches over text', () => {
  const sizes = { steps: 6, batch: 4 };
  const config = settings({}, { steps: sizes.steps }, { batch: sizes.batch });

  it('have every token as a target once per epoch, after the preceding text and nothing else', () => {
    const random = new Random(11);
    for (let trial = 0; trial < 60; trial++) {
      const lengths = Array.from({ length: 1 + random.integer(4) }, () => 1 + random.integer([4, 30, 150][trial % 3]));
      lengths.push(2 + random.integer(200));
      let first = 0;
      const files = lengths.map((length) => distinctText(length, (first += length) - length));
      const steps = 1 + random.integer(9);
      const changed = settings({}, { steps, carryState: trial % 5 !== 0 }, { batch: 1 + random.integer(9) });
      const corpus = corpusOf(changed, ...files);
      const source = trainingBatches(planBatches(corpus, changed), trial);
      const limits = planBatches(corpus, changed).limits;
      assert.equal(planBatches(corpus, changed).trainTargets, first);
      for (let epoch = 0; epoch < 3; epoch++) {
        const batches = epochOf(source);
        const found = readAlong(batches, corpus);
        assert.equal(
          sorted(found.map(({ target }) => target)),
          sorted(files.join('')),
          `trial ${trial}, epoch ${epoch}, lengths ${lengths.join()}, steps ${steps}, batch ${changed.batch}`,
        );
        checkContexts(found, files);
        assert.ok(batches.every((batch) => batch.batch <= limits.batch && batch.steps <= limits.steps));
      }
    }
  });

  it('carry the state along a row', () => {
    const corpus = corpusOf(config, distinctText(400));
    const found = readAlong(epochOf(trainingBatches(planBatches(corpus, config), 1)), corpus);
    const longest = Math.max(...found.map(({ read }) => read.length));
    // 67 slots (68 with a phase) for 4 rows.
    assert.ok(longest > 60 && longest <= 17 * sizes.steps, `longest context: ${longest}`);
  });

  it('are exactly these for a small text', () => {
    const corpus = corpusOf(config, 'abcdefghij', 'uvw');
    const source = trainingBatches(planBatches(corpus, { ...config, batch: 2 }), 5);
    assert.equal(source.stepsPerEpoch, 2);
    const [first, second] = epochOf(source);
    // Three slots, abcdef|ghij|uvw, for two rows of two; the seed puts the row's start at the second.
    assert.deepEqual(rowsOf(first, corpus), [
      { inputs: 'fghi··', targets: 'ghij--' },
      { inputs: '·abcde', targets: 'abcdef' },
    ]);
    assert.deepEqual(rowsOf(second, corpus), [
      { inputs: '·uv···', targets: 'uvw---' },
      { inputs: '······', targets: '------' },
    ]);
    assert.deepEqual([...first.resetRows!], [1, 1]);
    assert.deepEqual([...second.resetRows!], [1, 0]);
  });

  it('are cut elsewhere in every epoch', () => {
    const corpus = corpusOf(config, distinctText(500));
    const source = trainingBatches(planBatches(corpus, config), 3);
    const cuts = new Set<string>();
    for (let epoch = 0; epoch < 12; epoch++) {
      const [batch] = epochOf(source);
      for (const { targets } of rowsOf(batch, corpus)) cuts.add(targets[0]);
    }
    assert.ok(cuts.size > 30, `${cuts.size} different cuts`);
  });

  it('come in any order if no state is carried', () => {
    const free = settings({}, { steps: 6, carryState: false });
    const corpus = corpusOf(free, distinctText(400));
    const cutsOf = (config: TrainingConfig): string[] =>
      epochOf(trainingBatches(planBatches(corpus, config), 1)).map((batch) => {
        assert.equal(batch.state, 'zero');
        return rowsOf(batch, corpus)[0].targets;
      });
    const inOrder = cutsOf({ ...free, objective: { ...free.objective, shuffle: false } });
    // Slots that follow each other in the text, except where it wraps around.
    const follows = (cuts: string[]): number =>
      cuts.filter((cut, i) => i > 0 && cuts[i - 1].charCodeAt(5) + 1 === cut.charCodeAt(0)).length;
    assert.ok(follows(inOrder) > 12 && follows(cutsOf(free)) < 4);
  });

  it('hold the tail out', () => {
    const text = distinctText(200);
    const tail = settings({ heldOut: { kind: 'tail', fraction: 0.25 } }, { steps: 6 });
    const corpus = corpusOf(tail, text);
    const found = readAlong(epochOf(trainingBatches(planBatches(corpus, tail), 1)), corpus);
    assert.equal(sorted(found.map(({ target }) => target)), sorted(text.slice(0, 150)));
    assert.equal(planBatches(corpus, tail).heldOutTargets, 50);
  });

  it('have no loss for a character without an id, and no input for it', () => {
    const vocabulary = Vocabulary.build('character', ['abc']);
    const corpus = buildCorpus([{ name: 'x', text: 'abXc' }], config.text, vocabulary);
    const { batch, tokens } = trainingBatches(planBatches(corpus, config), 1).next();
    assert.deepEqual(rowsOf(batch, corpus), [{ inputs: '·ab·', targets: 'ab-c' }]);
    assert.equal(tokens, 3);
  });

  it('support a wide vocabulary', () => {
    const corpus = corpusOf(config, distinctText(700));
    assert.equal(corpus.ids.BYTES_PER_ELEMENT, 2);
    const found = readAlong(epochOf(trainingBatches(planBatches(corpus, config), 2)), corpus);
    assert.equal(new Set(found.map(({ target }) => target)).size, 700);
  });

  it('refuse a text that leaves nothing to train on', () => {
    const tiny = settings({ heldOut: { kind: 'tail', fraction: 0.5 } }, {});
    refused(() => planBatches(corpusOf(tiny, 'ab'), tiny), /fewer than 2 tokens/);
  });
});

describe('Held-out batches of every-step text', () => {
  it('have every held-out token as a target once, after the text before it', () => {
    const random = new Random(5);
    for (let trial = 0; trial < 40; trial++) {
      const lengths = Array.from({ length: 1 + random.integer(3) }, () => 2 + random.integer([10, 900][trial % 2]));
      let first = 0;
      const files = lengths.map((length) => distinctText(length, (first += length) - length));
      const steps = 1 + random.integer(9);
      const config = settings(
        { heldOut: { kind: 'tail', fraction: 0.4 } },
        { steps },
        { batch: 1 + random.integer(5) },
      );
      const corpus = corpusOf(config, ...files);
      const batches = allOf(planBatches(corpus, config).heldOut());
      const found = readAlong(batches, corpus);
      const expected = files.map((text) => text.slice(text.length - Math.floor(text.length * 0.4))).join('');
      assert.equal(found.length, planBatches(corpus, config).heldOutTargets);
      assert.equal(sorted(found.map(({ target }) => target)), sorted(expected), `trial ${trial}`);
      checkContexts(found, files);
      for (const { target, read } of found) {
        const file = files.find((text) => text.includes(target))!;
        assert.ok(read.length >= Math.min(64, file.indexOf(target)) - steps + 1, `context of ${read.length}`);
      }
      const limits = planBatches(corpus, config).limits;
      assert.ok(batches.every((batch) => batch.batch <= limits.batch && batch.steps <= limits.steps));
      assert.ok(new Set(batches.map((batch) => batch.batch)).size <= 1, 'rows stay the same while a state is carried');
    }
  });

  it('spread a limited number of targets over the part', () => {
    const config = settings({ heldOut: { kind: 'tail', fraction: 0.5 } }, { steps: 5 }, { batch: 8 });
    const text = distinctText(4000);
    const corpus = corpusOf(config, text);
    const found = readAlong(allOf(planBatches(corpus, config).heldOut(200)), corpus);
    assert.ok(Math.abs(found.length - 200) <= 8, `${found.length} targets`);
    const places = found.map(({ target }) => text.indexOf(target)).sort((a, b) => a - b);
    assert.ok(places[0] === 2000 && places.at(-1)! > 3600);
    checkContexts(found, [text]);
  });

  it('start every row from zeros', () => {
    // The row of the short file has less text before it and starts later than the others.
    const config = settings({ heldOut: { kind: 'tail', fraction: 0.3 } }, { steps: 5 }, { batch: 8 });
    const [first] = allOf(planBatches(corpusOf(config, distinctText(50), distinctText(900, 50)), config).heldOut());
    assert.deepEqual([...first.resetRows!], Array(8).fill(1));
  });

  it('are absent if nothing is held out', () => {
    const config = settings({}, {});
    assert.deepEqual([...planBatches(corpusOf(config, 'abcdef'), config).heldOut()], []);
  });
});

describe('Last-step windows', () => {
  const config = settings({}, { kind: 'last-step', steps: 3, stride: 2, carryState: false }, { batch: 3 });
  const unshuffled = { ...config, objective: { ...config.objective, shuffle: false } };

  it('are as many as the recipes count', () => {
    assert.equal(windowCount(600_893, 60, 3), 200_278);
    assert.equal(windowCount(94_275, 40, 3), 31_412);
    assert.equal(windowCount(144_519, 100, 1), 144_419);
    assert.equal(windowCount(5, 5, 1), 0);
    assert.equal(windowCount(6, 5, 1), 1);
  });

  it('are exactly these in order', () => {
    const corpus = corpusOf(unshuffled, 'abcdefghijk', 'xyz', 'pqrs');
    const [first, second] = epochOf(trainingBatches(planBatches(corpus, unshuffled), 1));
    assert.deepEqual(rowsOf(first, corpus), [
      { inputs: 'abc', targets: '--d' },
      { inputs: 'cde', targets: '--f' },
      { inputs: 'efg', targets: '--h' },
    ]);
    // The last batch is smaller; xyz is no window and what follows, and nothing crosses from file to file.
    assert.deepEqual(rowsOf(second, corpus), [
      { inputs: 'ghi', targets: '--j' },
      { inputs: 'pqr', targets: '--s' },
    ]);
    assert.equal(first.state, 'zero');
  });

  it('come once each per epoch, shuffled again each time', () => {
    const corpus = corpusOf(config, distinctText(300));
    const source = trainingBatches(planBatches(corpus, config), 9);
    const epochs = [0, 1].map(() =>
      epochOf(source).flatMap((batch) => rowsOf(batch, corpus).map(({ inputs, targets }) => inputs + targets[2])),
    );
    const inOrder = epochOf(trainingBatches(planBatches(corpus, unshuffled), 9)).flatMap((batch) =>
      rowsOf(batch, corpus).map(({ inputs, targets }) => inputs + targets[2]),
    );
    assert.equal(inOrder.length, windowCount(300, 3, 2));
    for (const epoch of epochs) assert.deepEqual([...epoch].sort(), [...inOrder].sort());
    assert.notDeepEqual(epochs[0], epochs[1]);
    assert.notDeepEqual(epochs[0], inOrder);
  });

  it('hold out the tail: its tokens are predicted, from the text before them', () => {
    const tail: TrainingConfig = {
      ...unshuffled,
      text: { ...config.text, heldOut: { kind: 'tail', fraction: 0.3 } },
      objective: { ...unshuffled.objective, stride: 1 },
    };
    const corpus = corpusOf(tail, 'abcdefghij');
    assert.equal(planBatches(corpus, tail).trainTargets, 4);
    assert.equal(planBatches(corpus, tail).heldOutTargets, 3);
    const [batch] = allOf(planBatches(corpus, tail).heldOut());
    assert.deepEqual(rowsOf(batch, corpus), [
      { inputs: 'efg', targets: '--h' },
      { inputs: 'fgh', targets: '--i' },
      { inputs: 'ghi', targets: '--j' },
    ]);
    assert.equal([...planBatches(corpus, tail).heldOut(1)].length, 1);
  });

  it('hold out a random share that is never trained on', () => {
    const random: TrainingConfig = { ...config, text: { ...config.text, heldOut: { kind: 'random', fraction: 0.2 } } };
    const corpus = corpusOf(random, distinctText(300));
    const count = windowCount(300, 3, 2);
    const targets = (batches: Batch[]): string[] =>
      batches.flatMap((batch) => rowsOf(batch, corpus).map((row) => row.targets[2]));
    const heldOut = targets(allOf(planBatches(corpus, random).heldOut()));
    // Another seed shuffles differently but keeps the split, which is determined by the config.
    const train = targets(epochOf(trainingBatches(planBatches(corpus, random), 1234)));
    assert.equal(heldOut.length, Math.floor(count * 0.2));
    assert.equal(train.length, count - heldOut.length);
    assert.equal(train.length, planBatches(corpus, random).trainTargets);
    assert.equal(new Set([...heldOut, ...train]).size, count);
  });

  it('report how long a text must be', () => {
    const long = settings({ heldOut: { kind: 'tail', fraction: 0.1 } }, { kind: 'last-step', steps: 60 });
    refused(
      () => planBatches(corpusOf(long, 'x'.repeat(60)), long),
      /has 60 characters, too few for a window of 60: at least 68 characters are needed/,
    );
    assert.equal(planBatches(corpusOf(long, 'x'.repeat(68)), long).stepsPerEpoch, 1);
    refused(() => windowBatches(new Uint16Array(9), 9, 1, 4).next(), /has 9 tokens; windows of 9 need at least 10/);
  });

  it('are cut from any text to score it', () => {
    const vocabulary = Vocabulary.build('character', ['abdefg']);
    const corpus = buildCorpus([{ name: 'x', text: 'abcdefg' }], config.text, vocabulary);
    for (const ids of [corpus.ids, vocabulary.encode('abcdefg')]) {
      const rows = allOf(windowBatches(ids, 2, 2, 2)).flatMap((batch) => rowsOf(batch, corpus));
      assert.deepEqual(rows, [
        { inputs: 'ab', targets: '--' },
        { inputs: '·d', targets: '-e' },
        { inputs: 'ef', targets: '-g' },
      ]);
    }
  });
});

describe('Batches of lines', () => {
  const names = 'ann\nbo\ncyd\nd\n';
  const seedThree = settings({ examples: 'lines' }, { steps: 9, reduction: 'sum', shuffle: false }, { batch: 1 });

  it('follow the recipe of the dinosaur names: one name per step, in the given order, with the state carried along', () => {
    const corpus = corpusOf(seedThree, names);
    const source = trainingBatches(planBatches(corpus, seedThree), 1);
    assert.equal(source.stepsPerEpoch, 4);
    const batches = [...epochOf(source), ...epochOf(source)];
    assert.deepEqual(
      batches.slice(0, 5).map((batch) => rowsOf(batch, corpus)[0]),
      [
        { inputs: '·ann', targets: 'ann\n' },
        { inputs: '·bo', targets: 'bo\n' },
        { inputs: '·cyd', targets: 'cyd\n' },
        { inputs: '·d', targets: 'd\n' },
        { inputs: '·ann', targets: 'ann\n' },
      ],
    );
    assert.ok(batches.every((batch) => batch.state === 'carry'));
    assert.deepEqual(
      batches.map((batch) => batch.resetRows![0]),
      [1, 0, 0, 0, 0, 0, 0, 0],
    );
  });

  it('keep one shuffled order for a run with a carried state, otherwise shuffle every epoch', () => {
    const many = Array.from({ length: 40 }, (_, i) => `${i}\n`).join('');
    const orders = (config: TrainingConfig): string[] => {
      const corpus = corpusOf(config, many);
      const source = trainingBatches(planBatches(corpus, config), 1);
      return [0, 1].map(() =>
        epochOf(source)
          .flatMap((batch) => rowsOf(batch, corpus).map((row) => row.targets.replace(/-/g, '')))
          .join(''),
      );
    };
    const objective = { ...seedThree.objective, shuffle: true };
    const carried = orders({ ...seedThree, objective });
    assert.equal(carried[0], carried[1]);
    assert.notEqual(carried[0], many);
    const free = orders({ ...seedThree, objective: { ...objective, carryState: false } });
    assert.notEqual(free[0], free[1]);
    for (const order of [...carried, ...free]) {
      assert.deepEqual(order.split('\n').sort(), many.split('\n').sort());
    }
  });

  it('pad rows to the longest line of the batch', () => {
    const config = settings({ examples: 'lines' }, { steps: 9, shuffle: false, carryState: false }, { batch: 3 });
    const corpus = corpusOf(config, names);
    const [first, second] = epochOf(trainingBatches(planBatches(corpus, config), 1));
    assert.deepEqual(rowsOf(first, corpus), [
      { inputs: '·ann', targets: 'ann\n' },
      { inputs: '·bo·', targets: 'bo\n-' },
      { inputs: '·cyd', targets: 'cyd\n' },
    ]);
    assert.deepEqual(rowsOf(second, corpus), [{ inputs: '·d', targets: 'd\n' }]);
    assert.deepEqual(planBatches(corpus, config).limits, { batch: 3, steps: 4 });
    assert.equal(planBatches(corpus, config).trainTargets, names.length);
  });

  it('split a line that is too long, each later part after the character before it', () => {
    const config = settings({ examples: 'lines' }, { steps: 3, shuffle: false, carryState: false }, { batch: 9 });
    const corpus = corpusOf(config, 'abcdefg\nxy');
    const [batch] = epochOf(trainingBatches(planBatches(corpus, config), 1));
    assert.deepEqual(rowsOf(batch, corpus), [
      { inputs: '·ab', targets: 'abc' },
      { inputs: 'cde', targets: 'def' },
      { inputs: 'fg·', targets: 'g\n-' },
      { inputs: '·xy', targets: 'xy\n' },
    ]);
  });

  it('hold lines out', () => {
    const config = settings(
      { examples: 'lines', heldOut: { kind: 'tail', fraction: 0.5 } },
      { steps: 9, shuffle: false, carryState: false },
      { batch: 3 },
    );
    const corpus = corpusOf(config, names);
    const heldOut = allOf(planBatches(corpus, config).heldOut()).flatMap((batch) => rowsOf(batch, corpus));
    assert.deepEqual(heldOut, [
      { inputs: '·cyd', targets: 'cyd\n' },
      { inputs: '·d··', targets: 'd\n--' },
    ]);
    assert.equal(planBatches(corpus, config).trainTargets, 'ann\nbo\n'.length);
    assert.equal(planBatches(corpus, config).heldOutTargets, 'cyd\nd\n'.length);
    assert.equal([...planBatches(corpus, config).heldOut(1)][0].batch, 1);
  });
});

describe('Batches of line prefixes', () => {
  const text = 'to be or not to be\nthat is the question\n';
  const config = settings(
    { unit: 'word', lowercase: true, examples: 'line-prefixes' },
    { kind: 'last-step', steps: 50, shuffle: false, carryState: false },
    { batch: 3 },
  );
  /** A row's words, padding as 0. */
  const wordsOf = (batch: Batch, row: number, corpus: Corpus): string =>
    Array.from({ length: batch.steps }, (_, t) => batch.inputs[t * batch.batch + row])
      .map((id) => (id === 0 ? '0' : corpus.vocabulary.tokenText(id)))
      .join(' ');
  const targetOf = (batch: Batch, row: number, corpus: Corpus): string =>
    corpus.vocabulary.tokenText(batch.targets[(batch.steps - 1) * batch.batch + row]);

  it('are padded in front to the longest; the last word is the target', () => {
    const corpus = corpusOf(config, text);
    const source = trainingBatches(planBatches(corpus, config), 1);
    assert.equal(source.stepsPerEpoch, 3);
    const [first, second, third] = epochOf(source);
    assert.equal(wordsOf(first, 0, corpus), '0 0 0 0 to');
    assert.equal(wordsOf(first, 2, corpus), '0 0 to be or');
    assert.equal(wordsOf(second, 1, corpus), 'to be or not to');
    assert.deepEqual(
      [0, 1, 2].map((row) => targetOf(first, row, corpus)),
      ['be', 'or', 'not'],
    );
    assert.equal(targetOf(second, 1, corpus), 'be');
    assert.equal(third.batch, 2);
    assert.equal(wordsOf(third, 1, corpus), '0 0 that is the');
    assert.equal(first.targets.filter((target) => target !== noTarget).length, 3);
    assert.deepEqual(planBatches(corpus, config).limits, { batch: 3, steps: 5 });
  });

  it('lose their first words if they are longer than the steps', () => {
    const short = { ...config, objective: { ...config.objective, steps: 3 } };
    const corpus = corpusOf(short, text);
    const [first, second] = epochOf(trainingBatches(planBatches(corpus, short), 1));
    assert.equal(wordsOf(first, 0, corpus), '0 0 to');
    assert.equal(wordsOf(second, 1, corpus), 'or not to');
  });

  it('hold out a random fifth', () => {
    const random: TrainingConfig = { ...config, text: { ...config.text, heldOut: { kind: 'random', fraction: 0.25 } } };
    const corpus = corpusOf(random, text);
    assert.equal(planBatches(corpus, random).trainTargets, 6);
    assert.equal(planBatches(corpus, random).heldOutTargets, 2);
    const rows = (batches: Batch[]): string[] =>
      batches.flatMap((batch) => Array.from({ length: batch.batch }, (_, row) => wordsOf(batch, row, corpus)));
    const all = [
      ...rows(allOf(planBatches(corpus, random).heldOut())),
      ...rows(epochOf(trainingBatches(planBatches(corpus, random), 1))),
    ];
    assert.deepEqual(all.sort(), rows(epochOf(trainingBatches(planBatches(corpusOf(config, text), config), 1))).sort());
  });
});

describe('A restored position', () => {
  const text = Array.from({ length: 60 }, (_, i) => `line ${i * 37} of some text`).join('\n');
  const kinds: Record<string, TrainingConfig> = {
    'every-step text': settings({}, { steps: 7 }),
    'last-step windows': settings({}, { kind: 'last-step', steps: 7, stride: 3, carryState: false }),
    lines: settings({ examples: 'lines' }, { steps: 40, carryState: false }),
    'lines with a carried state': settings({ examples: 'lines' }, { steps: 40 }, { batch: 1 }),
    'line prefixes': settings(
      { unit: 'word', examples: 'line-prefixes' },
      { kind: 'last-step', steps: 9, carryState: false },
    ),
  };
  for (const [name, config] of Object.entries(kinds)) {
    it(`continues with the same batches: ${name}`, () => {
      const corpus = corpusOf(config, text);
      const source = trainingBatches(planBatches(corpus, config), 77);
      const { stepsPerEpoch } = source;
      for (const cut of [0, 1, stepsPerEpoch - 1, stepsPerEpoch, 2 * stepsPerEpoch + 2]) {
        const straight = trainingBatches(planBatches(corpus, config), 77);
        for (let i = 0; i < cut; i++) straight.next();
        const state = JSON.parse(JSON.stringify(straight.state())) as ReturnType<BatchSource['state']>;
        const restored = trainingBatches(planBatches(corpus, config), 77);
        restored.restore(state);
        for (let i = 0; i < stepsPerEpoch + 2; i++) {
          const expected = straight.next();
          const kept = structuredClone(expected);
          assert.deepEqual(restored.next(), kept, `cut after ${cut}, batch ${i}`);
        }
      }
      assert.throws(() => source.restore({ epoch: 0, step: stepsPerEpoch }), /start a new run/);
    });
  }
});

describe('scoreBatches', () => {
  const config = settings({}, {});
  const text = distinctText(3000);
  const corpus = corpusOf(config, text);

  it('predict every token after the first from all before it with one row', () => {
    const ids = corpus.ids.subarray(0, 40);
    const found = readAlong(allOf(scoreBatches(ids, { steps: 7, rows: 1 })), corpus);
    assert.equal(found.map(({ target }) => target).join(''), text.slice(1, 40));
    found.forEach(({ read }, i) => assert.equal(read, text.slice(0, i + 1)));
  });

  it('predict the same tokens with more rows, each after at least 64 before it', () => {
    const found = readAlong(allOf(scoreBatches(corpus.ids, { steps: 30, rows: 5 })), corpus);
    assert.equal(sorted(found.map(({ target }) => target)), sorted(text.slice(1)));
    checkContexts(found, [text]);
    for (const { target, read } of found) assert.ok(read.length >= Math.min(64, text.indexOf(target)));
  });

  it('give nothing for a text of one token', () => {
    assert.deepEqual([...scoreBatches(corpus.ids.subarray(0, 1), { steps: 4, rows: 3 })], []);
    assert.deepEqual([...readingBatches(corpus.ids, [], { batch: 3, steps: 4 })], []);
  });
});
