import assert from 'node:assert/strict';
import fs from 'node:fs';
import { setLanguage } from '../../../src/common/l10n';
import { sayReason, storedReason, type Reason } from '../../../src/common/reasons';
import { sayAdvice } from '../../../src/common/verdictSentences';

const reasons: Reason[] = [
  { kind: 'no-base-fits', loss: 2 * Math.LN2 },
  { kind: 'base-fits', language: 'en', loss: 1.5 * Math.LN2 },
  { kind: 'starts-from-base', language: 'en', novels: 68, units: 256 },
  { kind: 'parameters-for-time', parameters: 335_929, charactersEach: 7 },
  { kind: 'parameters-for-passes', parameters: 335_929, charactersEach: 7, passes: 2.5 },
  { kind: 'dropout', passes: 12, dropout: 0.2 },
  { kind: 'ends-early', passes: 8 },
  { kind: 'bounded-by-steps' },
  { kind: 'settings-without-base', language: 'en' },
];

describe('reasons for settings', () => {
  afterEach(() => setLanguage({ tag: 'en', bundle: {} }));

  it('are sentences in bits per character', () => {
    assert.equal(
      sayReason(reasons[1]),
      'The text reads like the base model of English (1.50 bits per character at its beginning).',
    );
    assert.equal(
      sayReason(reasons[3]),
      '335,929 parameters see 7 characters each in this time: more units would be undertrained, fewer would learn less.',
    );
    for (const reason of reasons) assert.match(sayReason(reason), /^\S.*\.$/);
  });

  it('are read from a file as they were written, by this version and by earlier ones', () => {
    const stored = JSON.parse(JSON.stringify([...reasons, 'A sentence.'])) as unknown[];
    assert.deepEqual(
      stored.map((reason, i) => storedReason(reason, `reasons.${i}`)),
      [...reasons, 'A sentence.'],
    );
    assert.equal(sayReason('A sentence.'), 'A sentence.');
    assert.throws(() => storedReason({ kind: 'a whim' }, 'reasons.0'), /"reasons\.0\.kind" must be/);
  });

  it('are German for a German reader, like the advice on examples', () => {
    const bundle = JSON.parse(fs.readFileSync('l10n/bundle.l10n.de.json', 'utf8')) as Record<string, string>;
    const advice = { label: 'spam', examples: 1430, heldOut: 29, missing: 57 };
    const say = (): string[] => [...reasons.map(sayReason), sayAdvice(advice), sayAdvice({ ...advice, missing: 0 })];
    const english = say();
    setLanguage({ tag: 'de', bundle });
    const german = say();
    assert.deepEqual(
      german.filter((sentence) => english.includes(sentence)),
      [],
    );
    assert.match(german[1], /Englisch \(1,50 Bits je Zeichen/);
    assert.match(german[10], /„spam“: 1\u202f430 Beispiele/);
  });
});
