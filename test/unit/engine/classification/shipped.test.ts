/** What is shipped with the program: the table of word vectors and the spam model in media/classifier. */
import * as assert from 'node:assert';
import * as fs from 'node:fs';
import { confusionAt } from '../../../../src/common/confusionReport';
import { createWasmBackend } from '../../../../src/engine/backends/wasm/wasmBackend';
import { Classifier } from '../../../../src/engine/classification/classifier';
import { loadClassifier } from '../../../../src/engine/classification/classifierFile';
import { loadShippedTable, shippedSpamModel } from '../../../../src/engine/classification/vectorSource';

describe('The shipped table of word vectors', () => {
  it('knows which words are similar, listed or not, and states its licence', async () => {
    const { vectors, origin } = await loadShippedTable();
    const cosine = (a: string, b: string): number => {
      const [x, y] = [vectors.vector(a), vectors.vector(b)];
      const dot = (p: Float32Array, q: Float32Array): number => p.reduce((sum, v, d) => sum + v * q[d], 0);
      return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
    };
    assert.ok(cosine('money', 'cash') > cosine('money', 'lunch') + 0.2);
    assert.ok(!vectors.has('winningly'));
    assert.ok(cosine('winningly', 'winning') > cosine('winningly', 'table'));
    assert.match(origin.source, /GloVe/);
    assert.strictEqual(origin.licence, 'MIT');
  });
});

describe('The shipped spam model', () => {
  const verdicts = {
    spam: [
      'WINNER!! You have won a £900 prize. To claim call 09061701461 now. Claim code KL341. Valid 12 hours only.',
      'Congratulations, you have been selected! Text WIN to 80086 for your FREE holiday, £1.50 per msg',
      'URGENT! Your mobile number has won a 2000 pound bonus caller prize. Call 0871 872 9755 from a landline',
      'Lose weight now!!! Click here http://buy-pills.example.com for a limited time offer, 100% money back guarantee',
    ],
    ham: [
      'Are we still meeting for lunch tomorrow? I will be at the station at half past twelve.',
      'The patch fixes the parser, but the second test still fails on my machine. Could you have a look?',
      'It was late in the afternoon when they came down to the harbour, and the boats were already in.',
      'Sorry, I forgot to call you back. How is your mother doing?',
      'Hello',
    ],
  };

  it('is at most 1 MB and has a card', () => {
    assert.ok(fs.statSync(shippedSpamModel()).size <= 1e6);
    const card = fs.readFileSync(shippedSpamModel().replace('.safetensors', '.md'), 'utf8');
    for (const heading of ['## Data', '## Scores', '## Known failures']) assert.ok(card.includes(heading));
  });

  it('reads long texts passage by passage, and its figures follow from its scores', async () => {
    const { record, linear, mix } = await loadClassifier(shippedSpamModel());
    const { report, scores, threshold, positive, kept, passageTokens, familiarShare } = record;
    assert.strictEqual(kept, 'linear');
    assert.ok(linear && mix.linear > 0 && mix.network === 0);
    assert.ok(passageTokens! > 0 && familiarShare! > 0);
    assert.deepStrictEqual(confusionAt(scores, positive ?? -1, threshold ?? -1), report.confusion);
  });

  it('has templates to learn from in five languages, and measures on none of them', async () => {
    const card = fs.readFileSync(shippedSpamModel().replace('.safetensors', '.md'), 'utf8');
    assert.match(
      card,
      /\| templates, English, German, French, Spanish, Italian; learned from only, never measured on \|/,
    );
    const backend = await createWasmBackend({ threads: 1 });
    const classifier = new Classifier(backend, await loadClassifier(shippedSpamModel()));
    const answer = async (text: string): Promise<string | null> =>
      (await classifier.classify(text, { explain: false })).answer;
    const lures = [
      'Sparkasse: Ihr Konto wurde gesperrt. Bitte bestätigen Sie Ihre Daten sofort unter https://konto-sicher.top/login',
      'Votre colis est bloqué à la douane. Payez les frais de 1,99 € ici : http://suivi-colis.top/payer',
      'Su paquete no pudo ser entregado. Pague la tasa de 1,99 € aquí: http://envio-pago.top/seguro',
      'Il tuo pacco è fermo in deposito. Paga la tassa di 1,99 € qui: http://pacco-ora.top/paga',
    ];
    for (const lure of lures) {
      const { probabilities } = await classifier.classify(lure, { explain: false });
      assert.ok(probabilities.spam > 0.5, `${lure} (${probabilities.spam})`);
    }
    const good = [
      'Können wir uns am Freitag um drei im Café treffen? Ich bringe die Unterlagen mit.',
      'Merci pour votre commande, elle a été expédiée ce matin et arrivera jeudi.',
      'Gracias por todo, nos vemos el lunes en la reunión con los demás compañeros.',
      'Ti ringrazio per la bella giornata, i bambini si sono divertiti molto in montagna.',
    ];
    for (const text of good) assert.strictEqual(await answer(text), 'negative', text);
    // Good text around a lure does not hide it.
    const letter = good.concat(good, good).join('\n\n');
    assert.strictEqual(await answer(letter), 'negative');
    assert.strictEqual(await answer(`${letter}\n\n${verdicts.spam[0]}\n\n${letter}`), 'positive');
    assert.strictEqual(
      await answer('Haluatko tulla kanssamme mökille ensi viikolla, vai täytyykö sinun tehdä töitä?'),
      'unknown language',
    );
    await backend.dispose();
  });

  it('is right about plain cases of several kinds', async () => {
    const backend = await createWasmBackend({ threads: 1 });
    const classifier = new Classifier(backend, await loadClassifier(shippedSpamModel()));
    const source = Buffer.from(`<p>${verdicts.spam[0]}</p>`).toString('base64');
    const mail = `From: a@b.example\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\n${source}\n`;
    const read = await classifier.classify(mail, { explain: true });
    assert.strictEqual(read.label, 'spam');
    assert.deepStrictEqual(read.findings, ['mail']);
    assert.strictEqual(read.unwrapped, verdicts.spam[0]);
    const strongest = read.contributions.reduce((a, b) => (b.contribution > a.contribution ? b : a));
    assert.match(read.unwrapped.slice(strongest.start, strongest.end), /^\S+$/);
    for (const [label, texts] of Object.entries(verdicts)) {
      for (const text of texts) {
        const verdict = await classifier.classify(text, { explain: false });
        assert.strictEqual(verdict.label, label, `${text} (${verdict.probability})`);
      }
    }
    await backend.dispose();
  });
});
