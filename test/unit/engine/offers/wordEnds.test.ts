import * as assert from 'node:assert/strict';
import { endsSentence, endsWord, partialWord } from '../../../../src/engine/offers/wordEnds';

/** A text with a bar at every place where a word ends. */
function marked(text: string): string {
  let result = '';
  const characters = [...text];
  characters.forEach((character, i) => {
    result += character;
    const before = characters.slice(0, i + 1).join('');
    if (endsWord(before, characters.slice(i + 1).join(''))) result += '|';
  });
  return result;
}

describe('wordEnds', () => {
  it('finds the ends of words between spaces', () => {
    assert.equal(marked('the well-known hat, nobody’s'), 'the| well-known| hat|, nobody’s|');
    assert.equal(marked('не знаю, 42 раза'), 'не| знаю|, 42| раза|');
    assert.equal(marked('שלום עולם'), 'שלום| עולם|');
  });

  it('finds them where words are not separated by spaces', () => {
    assert.equal(marked('我的妹妹昨天早上'), '我的|妹妹|昨天|早上|');
    assert.equal(marked('新来的老师。'), '新来|的|老师|。');
    assert.equal(marked('私は学生です'), '私|は|学生|です|');
    assert.equal(marked('ฉันรักภาษาไทย'), 'ฉัน|รัก|ภาษา|ไทย|');
    assert.equal(marked('用Linux写'), '用|Linux|写|');
  });

  it('finds none inside a grapheme cluster', () => {
    assert.equal(endsWord('caf', 'e\u0301 '), false);
    assert.equal(endsWord('cafe', '\u0301 '), false);
    assert.equal(endsWord('क', '\u094d\u0937'), false);
    assert.equal(endsWord('می', '\u200cخواهم'), false);
    assert.equal(endsWord('각', ' '), true);
    assert.equal(endsSentence('Good.', '\u0301'), false);
  });

  it('finds the ends of sentences in many scripts', () => {
    for (const [text, next] of [
      ['So it was.', ' '],
      ['So it was."', '\n'],
      ['What?!', ' '],
      ['Well …', ' '],
      ['我没有说。', '我'],
      ['「そうです。」', '私'],
      ['यह सच है।', ' '],
      ['هل هذا صحيح؟', ' '],
    ]) {
      assert.equal(endsSentence(text, next), true, text);
    }
    for (const [text, next] of [
      ['3.', '1'],
      ['So it was.', '"'],
      ['So it was', ' '],
      ['Wait.', '.'],
      ['我没有说。', '」'],
    ]) {
      assert.equal(endsSentence(text, next), false, text);
    }
  });

  it('finds the partial word at the end of a text', () => {
    assert.equal(partialWord('the ha'), 'ha');
    assert.equal(partialWord('the '), '');
    assert.equal(partialWord('a well-kno'), 'well-kno');
    assert.equal(partialWord('don’'), 'don’');
    assert.equal(partialWord('我的妹妹昨天'), '昨天');
  });
});
