/** The base of a text's language is found by reading; a text of another language or kind has none. */
import * as assert from 'node:assert/strict';
import { createStepper } from '../../../../src/engine/backends';
import { chooseBase } from '../../../../src/engine/bases/chooseBase';

const english =
  'The morning was cold and very still when she came down to the harbour, and there was nobody to be seen but an old man ' +
  'who sat upon the wall and mended a net. "You are late," he said, without looking up from his work. "They have gone."';
const latin =
  'Gallia est omnis divisa in partes tres, quarum unam incolunt Belgae, aliam Aquitani, tertiam qui ipsorum lingua Celtae, ' +
  'nostra Galli appellantur. Hi omnes lingua, institutis, legibus inter se differunt.';
const code = 'for (let i = 0; i < n; i++) {\n  if (x[i] !== y[i]) return { i, x: x[i] };\n}\n'.repeat(6);

describe('chooseBase', () => {
  it('finds the base of English', async () => {
    const choice = await chooseBase(english, createStepper);
    assert.equal(choice?.base?.language, 'en');
    assert.ok(choice.loss < 1.8, `${choice.loss} nats`);
  });

  for (const [name, text] of Object.entries({ Latin: latin, code })) {
    it(`finds none for ${name}`, async () => {
      const choice = await chooseBase(text, createStepper);
      assert.ok(choice);
      assert.equal(choice.base, undefined, `${choice.loss} nats`);
    });
  }

  it('says nothing about a text that is too short, or without bases', async () => {
    assert.equal(await chooseBase(english.slice(0, 99), createStepper), undefined);
    assert.equal(await chooseBase(english, createStepper, undefined, []), undefined);
  });
});
