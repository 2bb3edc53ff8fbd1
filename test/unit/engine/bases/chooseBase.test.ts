/** The base of a text's language is found by reading; a text of another language or kind has none. */
import * as assert from 'node:assert/strict';
import { createStepper } from '../../../../src/engine/backends';
import { chooseBase, languageOf } from '../../../../src/engine/bases/chooseBase';

const english =
  'The morning was cold and very still when she came down to the harbour, and there was nobody to be seen but an old man ' +
  'who sat upon the wall and mended a net. "You are late," he said, without looking up from his work. "They have gone."';
const german =
  'Der Morgen war kalt und sehr still, als sie zum Hafen hinunterging, und es war niemand zu sehen außer einem alten Mann, ' +
  'der auf der Mauer saß und ein Netz flickte. „Sie kommen zu spät“, sagte er, ohne von seiner Arbeit aufzusehen.';
const french =
  'La matinée était froide et très calme quand elle descendit au port, et on ne voyait personne, sinon un vieil homme ' +
  'assis sur le mur, qui raccommodait un filet. « Vous arrivez trop tard », dit-il sans lever les yeux de son ouvrage.';
const spanish =
  'La mañana era fría y muy tranquila cuando ella bajó al puerto, y no se veía a nadie más que a un viejo que estaba ' +
  'sentado en el muro y remendaba una red. —Llega usted tarde —dijo sin levantar los ojos de su trabajo.';
const italian =
  'La mattina era fredda e molto tranquilla quando ella scese al porto, e non si vedeva nessuno, tranne un vecchio che ' +
  'sedeva sul muro e rammendava una rete. «Siete arrivata tardi» disse senza alzare gli occhi dal lavoro.';
const latin =
  'Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, tertiam qui ipsorum lingua Celtae, ' +
  'nostra Galli appellantur. Hi omnes lingua, institutis, legibus inter se differunt.';
const code = 'for (let i = 0; i < n; i++) {\n  if (x[i] !== y[i]) return { i, x: x[i] };\n}\n'.repeat(6);

describe('chooseBase', () => {
  for (const [language, text] of Object.entries({ en: english, de: german, fr: french, es: spanish, it: italian })) {
    it(`finds the base of the language ${language}`, async () => {
      const choice = await chooseBase(text, createStepper);
      assert.equal(choice?.base?.language, language);
      assert.ok(choice.loss < 1.8, `${choice.loss} nats`);
      assert.equal(await languageOf(text, createStepper), language);
    });
  }

  for (const [name, text] of Object.entries({ Latin: latin, code })) {
    it(`finds none for ${name}`, async () => {
      const choice = await chooseBase(text, createStepper);
      assert.ok(choice);
      assert.equal(choice.base, undefined, `${choice.loss} nats`);
      assert.equal(await languageOf(text, createStepper), undefined);
    });
  }

  it('is not misled by front matter', async () => {
    const fields = Array.from({ length: 40 }, (_, i) => `id_${i}: x${(i * 7919) % 1000}/${i}`).join('\n');
    const text = `\n---\n${fields}\n---\n\n${english}`;
    assert.equal((await chooseBase(text, createStepper))?.base?.language, 'en');
    assert.equal(await languageOf(text, createStepper), 'en');
  });

  it('is not misled by a preface in another language', async () => {
    const text = english + `\n\n${german}`.repeat(12);
    assert.equal((await chooseBase(text, createStepper))?.base?.language, 'de');
    assert.equal(await languageOf(text, createStepper), 'de');
  });

  it('reads with one base only where that is clearly the right one', async () => {
    for (const text of [english, german, french, spanish, italian]) {
      let opened = 0;
      const counting: typeof createStepper = (...network) => {
        opened++;
        return createStepper(...network);
      };
      await languageOf(text, counting);
      assert.equal(opened, 1);
    }
  });

  it('says nothing about a text that is too short, or without bases', async () => {
    assert.equal(await chooseBase(english.slice(0, 99), createStepper), undefined);
    assert.equal(await chooseBase(english, createStepper, []), undefined);
  });
});
