import assert from 'node:assert/strict';
import { formatInteger, say, sentence, setLanguage, t } from '../../../src/common/l10n';

describe('l10n', () => {
  afterEach(() => setLanguage({ tag: 'en', bundle: {} }));

  it('falls back to English without a translation', () => {
    assert.equal(t('{0} of {1}', 3, 'five'), '3 of five');
    setLanguage({ tag: 'de', bundle: { other: 'anderes' } });
    assert.equal(t('toString'), 'toString');
  });

  it('puts the values where the translation wants them', () => {
    setLanguage({ tag: 'de', bundle: { '{0} of {1}': 'von {1}: {0} ({0})' } });
    assert.equal(t('{0} of {1}', '{1}', 5), 'von 5: {1} ({1})');
    assert.equal(t('{0} of {1}', 3), 'von {1}: 3 (3)');
  });

  it('separates thousands so that no language reads them as decimals', () => {
    assert.equal(formatInteger(1234567), '1,234,567');
    setLanguage({ tag: 'de', bundle: {} });
    assert.equal(formatInteger(1234567), '1\u202f234\u202f567');
    setLanguage({ tag: 'en-gb', bundle: {} });
    assert.equal(formatInteger(1234.5), '1,235');
  });

  it('puts the numbers of a sentence from another process into words here', () => {
    const told = sentence('{0}, {1}, {2}', 12_345, 1.803, '1.803');
    assert.equal(say(told), '12,345, 1.803, 1.803');
    setLanguage({ tag: 'de', bundle: {} });
    assert.equal(say(told), '12\u202f345, 1,803, 1.803');
  });
});
