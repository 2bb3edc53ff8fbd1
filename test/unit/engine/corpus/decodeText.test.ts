import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import { say } from '../../../../src/common/l10n';
import { decodeText, type DecodeOptions } from '../../../../src/engine/corpus/decodeText';
import { decodeAs } from '../../../../src/engine/corpus/encoding';
import { formatNotices } from '../../../../src/engine/corpus/textFormat';

const verse = 'Né più mai toccherò 🖋️ le sacre sponde – „nai\u0308v“';

/** UTF-16 with its byte order mark. */
function utf16(text: string, order: 'little' | 'big'): Buffer {
  const bytes = Buffer.from('\ufeff' + text, 'utf16le');
  return order === 'big' ? bytes.swap16() : bytes;
}

function refused(bytes: Uint8Array, message: RegExp, options?: DecodeOptions): void {
  assert.throws(
    () => decodeText(bytes, 'book.bin', options),
    (error) => error instanceof InklingError && error.code === 'invalidInput' && message.test(error.message),
  );
}

describe('decodeText', () => {
  it('reads UTF-8, with and without a byte order mark', () => {
    assert.equal(decodeText(Buffer.from(verse), 'a.txt').text, verse);
    assert.equal(decodeText(Buffer.from('\ufeff' + verse), 'a.txt').text, verse);
    assert.equal(decodeText(new Uint8Array(0), 'a.txt').text, '');
  });

  it('reads UTF-16 of either byte order', () => {
    assert.equal(decodeText(utf16(verse, 'little'), 'a.txt').text, verse);
    assert.equal(decodeText(utf16(verse, 'big'), 'a.txt').text, verse);
    refused(utf16(verse, 'little').subarray(0, 11), /book\.bin begins as UTF-16 .* truncated/);
  });

  it('reads a view into a larger buffer without changing the bytes', () => {
    const whole = Buffer.concat([Buffer.from('before'), utf16('ab', 'big'), Buffer.from('after')]);
    const copy = Buffer.from(whole);
    assert.equal(decodeText(whole.subarray(6, 12), 'a.txt').text, 'ab');
    assert.deepEqual(whole, copy);
  });

  it('turns CRLF and lone CR into LF in every encoding', () => {
    const text = 'one\r\ntwo\rthree\n\r\n\rfour\r';
    const expected = 'one\ntwo\nthree\n\n\nfour\n';
    assert.equal(decodeText(Buffer.from(text), 'a.txt').text, expected);
    assert.equal(decodeText(Buffer.from('\ufeff' + text), 'a.txt').text, expected);
    assert.equal(decodeText(utf16(text, 'little'), 'a.txt').text, expected);
    assert.equal(decodeText(utf16(text, 'big'), 'a.txt').text, expected);
    assert.equal(decodeText(Buffer.from('caf\u00e9\r\n', 'latin1'), 'a.txt').text, 'café\n');
  });

  it('reads windows-1252 if the bytes are not UTF-8', () => {
    const bytes = Buffer.from([0x93, 0x63, 0x61, 0x66, 0xe9, 0x94, 0x20, 0x97, 0x20, 0x80, 0x35]);
    assert.equal(decodeText(bytes, 'a.txt').text, '“café” — €5');
  });

  it('keeps UTF-8 that has a damaged byte or was cut inside a character', () => {
    const text = 'Così tra questa immensità s’annega il pensier mio, così è più là: città, virtù, libertà';
    const cut = Buffer.from(text).subarray(0, -1);
    assert.equal(decodeText(cut, 'a.txt').text, text.slice(0, -1) + '\ufffd');
  });

  it('refuses an encoding without a name', () => {
    assert.throws(
      () => decodeText(Buffer.from('abc'), 'a.txt', { encoding: '' }),
      /The encoding "" is not supported: name/,
    );
  });

  it('refuses anything that is not text and says what to do', () => {
    refused(
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]),
      /book\.bin does not look like a text file.*UTF-8/,
    );
    refused(Buffer.from('\ufeffab', 'utf16le').subarray(2), /like a text file/);
    refused(Buffer.from('a long text and then '.repeat(50) + '\0'), /like a text file/);
    refused(Buffer.from('\ufeffa\0b', 'utf16le'), /like a text file/);
    const noise = Uint8Array.from({ length: 4000 }, (_, i) => ((i * 7919) % 255) + 1);
    refused(noise, /like a text file/);
  });

  it('keeps a few control characters: form feeds, an escape', () => {
    const text = 'Chapter one\f\tIt began\x1b[0m. \x01'.repeat(3) + 'and went on '.repeat(40);
    assert.equal(decodeText(Buffer.from(text), 'a.txt').text, text);
  });

  describe('other encodings', () => {
    const german = 'Über den Wäldern hörte man müde Vögel. „Schön ist’s“, sagte die Bäuerin und schloß die Tür.\n';
    const french = 'Où êtes-vous allée, chère élève ? « À l’école », répondit-elle, très déçue de cet été.\n';
    const polish = 'Zażółć gęślą jaźń, rzekł mąż, i poszedł wzdłuż ścieżki, gdzie rosły dęby i świerki.\n';
    const turkish = 'Küçük şair, güneşin altında ağır ağır yürüdü; rüzgâr ılık ve tatlıydı, gökyüzü açıktı.\n';
    const russian = 'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.\n';
    const ukrainian =
      'Реве та стогне Дніпр широкий, сердитий вітер завива, додолу верби гне високі, їх хвиля підійма.\n';
    const greek = 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.\n';
    const hebrew = 'כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם, וכולם חוננו בתבונה ובמצפון.\n';
    const arabic = 'يولد جميع الناس أحرارا متساوين في الكرامة والحقوق وقد وهبوا عقلا وضميرا.\n';
    const japanese = '吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n';
    const chinese = '学而时习之，不亦说乎？有朋自远方来，不亦乐乎？人不知而不愠，不亦君子乎？\n';
    const traditional = '學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？\n';
    const korean = '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.\n';

    /** The bytes that `decodeAs` reads as `text`: found by decoding all sequences of one and of two bytes. */
    function encode(text: string, encoding: string): Uint8Array {
      const known = new Map<string, number[]>();
      const note = (...bytes: number[]): void => {
        const character = decodeAs(Uint8Array.from(bytes), encoding);
        if ([...character].length === 1 && character !== '\ufffd' && !known.has(character)) known.set(character, bytes);
      };
      for (let first = 0; first < 256; first++) note(first);
      for (let first = 0x81; first < 0xff; first++)
        for (let second = 0x40; second < 0xff; second++) note(first, second);
      return Uint8Array.from([...text].flatMap((character) => known.get(character) ?? assert.fail(character)));
    }

    const cases: [encoding: string, text: string][] = [
      ['windows-1252', german],
      ['windows-1252', french],
      ['macintosh', german],
      ['macintosh', french],
      ['windows-1250', polish],
      ['iso-8859-2', polish],
      ['windows-1254', turkish],
      ['windows-1251', russian],
      ['koi8-r', russian],
      ['iso-8859-5', russian],
      ['ibm866', russian],
      ['windows-1251', ukrainian],
      ['koi8-u', ukrainian],
      ['iso-8859-7', greek],
      ['windows-1255', hebrew],
      ['windows-1256', arabic],
      ['shift_jis', japanese],
      ['euc-jp', japanese],
      ['gb18030', chinese],
      ['big5', traditional],
      ['euc-kr', korean],
    ];
    for (const [encoding, text] of cases) {
      it(`guesses ${encoding}, and says so: ${text.slice(0, 20)}`, () => {
        const bytes = encode(text.repeat(3), encoding);
        const decoded = decodeText(bytes, 'old.txt');
        assert.equal(decoded.text, text.repeat(3));
        assert.equal(decoded.notices.length, 1);
        assert.match(
          say(decoded.notices[0]),
          new RegExp(`^old\\.txt was read as ${encoding}, .*--encoding.*files\\.encoding`),
        );
        // If the encoding is named, there is nothing to report.
        assert.deepEqual(decodeText(bytes, 'old.txt', { encoding }), { text: text.repeat(3), notices: [] });
      });
    }

    it('guesses iso-2022-jp by its escapes, however short, and leaves those of a terminal', () => {
      // 吾輩は猫
      const bytes = Buffer.from('\x1b$B8cGZ$OG-\x1b(B\n', 'latin1');
      const { text, notices } = decodeText(bytes, 'mail.txt');
      assert.equal(text, '吾輩は猫\n');
      assert.match(notices.map(say).join(), /^mail\.txt was read as iso-2022-jp,/);
      for (const log of ['\x1b[31mred\x1b[0m\n', '\x1b$B8c\x1b[0m\n']) {
        assert.deepEqual(decodeText(Buffer.from(log), 'log.txt'), { text: log, notices: [] });
      }
    });

    it('reads nothing as Latin that would have more accented letters than plain ones', () => {
      const pangram = 'Съешь же ещё этих мягких французских бул\n';
      for (const times of [1, 40]) {
        const bytes = encode(pangram.repeat(times), 'x-mac-cyrillic');
        assert.throws(() => decodeText(bytes, 'old.txt'), /old\.txt is in an encoding that cannot be recognised/);
      }
      // A single line is enough where only one encoding remains.
      assert.equal(decodeText(encode(pangram, 'windows-1251'), 'old.txt').text, pangram);
    });

    it('guesses UTF-16 without a byte order mark', () => {
      for (const text of [russian, german, chinese.repeat(9)]) {
        const bytes = Buffer.from(text, 'utf16le');
        assert.equal(decodeText(bytes, 'a.txt').text, text);
        assert.match(decodeText(bytes, 'a.txt').notices.map(say).join(), /^a\.txt was read as utf-16le,/);
        assert.equal(decodeText(Buffer.from(bytes).swap16(), 'a.txt').text, text);
        assert.match(
          decodeText(Buffer.from(bytes).swap16(), 'a.txt').notices.map(say).join(),
          /^a\.txt was read as utf-16be,/,
        );
      }
    });

    it('knows the names that VS Code and others use, and refuses the rest', () => {
      const bytes = encode(russian, 'windows-1251');
      for (const encoding of ['windows1251', 'cp1251', 'CP-1251', 'Windows-1251']) {
        assert.equal(decodeText(bytes, 'a.txt', { encoding }).text, russian);
      }
      for (const [encoding, name] of [
        ['macroman', 'macintosh'],
        ['koi8r', 'koi8-r'],
        ['shiftjis', 'shift_jis'],
        ['eucjp', 'euc-jp'],
        ['gbk', 'gbk'],
        ['iso88592', 'iso-8859-2'],
      ]) {
        assert.equal(decodeText(bytes, 'a.txt', { encoding }).text, decodeAs(bytes, name));
      }
      refused(bytes, /The encoding "klingon" is not supported.*windows-1252.*save the text as UTF-8/, {
        encoding: 'klingon',
      });
      // A byte order mark takes precedence over a name.
      assert.equal(decodeText(Buffer.from(`\ufeff${german}`), 'a.txt', { encoding: 'koi8-r' }).text, german);
    });

    it('refuses an ambiguous encoding rather than guess wrongly', () => {
      // German in code page 850, which nothing here can read.
      const codes: Record<string, number> = {
        ä: 0x84,
        ö: 0x94,
        ü: 0x81,
        Ü: 0x9a,
        ß: 0xe1,
        '„': 0x22,
        '“': 0x22,
        '’': 0x27,
      };
      const bytes = Uint8Array.from([...german.repeat(3)].map((c) => codes[c] ?? c.charCodeAt(0)));
      refused(bytes, /in an encoding that cannot be recognised\. Save it as UTF-8, or name its encoding: --encoding/);
      assert.equal(decodeText(bytes, 'a.txt', { encoding: 'windows-1252' }).text.slice(0, 9), 'šber den ');
    });

    it('refuses UTF-8 with text in another encoding appended, and names the line', () => {
      const joined = Buffer.concat([Buffer.from(french), encode(french, 'windows-1252')]);
      refused(joined, /book\.bin is only partly in UTF-8: line 2 is in another encoding\. Save it as UTF-8/);
      const { text, notices } = decodeText(joined, 'a.txt', { encoding: 'utf-8' });
      assert.ok(text.startsWith(french));
      const foreign = [...french].filter((character) => character > '\x7f').length;
      assert.equal(text.split('\ufffd').length - 1, foreign);
      assert.match(
        say(notices[0]),
        new RegExp(`^a\\.txt has ${foreign} places, the first in line 2, that are not UTF-8`),
      );
    });

    it('counts the replacements in damaged UTF-8', () => {
      const damaged = Buffer.from(`${french.repeat(9)}caf`);
      const { text, notices } = decodeText(Buffer.concat([damaged, Buffer.from([0xe9, 0x0a])]), 'a.txt');
      assert.equal(text, `${french.repeat(9)}caf\ufffd\n`);
      assert.deepEqual(notices.map(say), ['a.txt has 1 place in line 10 that is not UTF-8; "\ufffd" takes its place.']);
      // A replacement character in the file itself was not caused by decoding.
      assert.deepEqual(decodeText(Buffer.from(`${french}\ufffd`), 'a.txt').notices, []);
    });
  });

  it('removes byte order marks inside a text, and says so', () => {
    const { text, notices } = decodeText(Buffer.from(`\ufeffone\n\ufefftwo\n\ufeff`), 'a.txt');
    assert.equal(text, 'one\ntwo\n');
    assert.deepEqual(notices.map(say), ['a.txt: 2 byte order marks inside the text left out.']);
  });

  it('reports where a NUL is, or leaves it to a caller who drops the row', () => {
    const bytes = Buffer.from('né\nand \0 so on, for a good while more than that\n');
    refused(bytes, /book\.bin does not look like a text file.*there is a NUL at byte 8 \(line 2\)/);
    assert.equal(decodeText(bytes, 'a.txt', { keepNuls: true }).text, bytes.toString());
    // One stray NUL in a long text does not make it UTF-16.
    refused(Buffer.from(`${'é and more and more\n'.repeat(9999)}\0\n`), /NUL at byte \d+ \(line 10000\)/);
  });
});

describe('formatNotices', () => {
  const about = (text: string): string => formatNotices(text, 'a.txt').map(say).join();
  const mail = 'Return-Path: <a@b.example>\nSubject: Hello\n  again\nMIME-Version: 1.0\n\nDear reader,\n';

  it('refuses formats whose source differs from what a reader sees', () => {
    const noProse = /^a\.txt is (RTF|PDF|PostScript|Rich Text Format).*Save it as plain text \(\.txt\) first\.$/;
    for (const text of ['{\\rtf1\\ansi Hello', '\n{\\rtf1 x', '%PDF-1.7\n1 0 obj', '%!PS-Adobe-3.0']) {
      assert.throws(() => about(text), { code: 'invalidInput', message: noProse });
    }
  });

  it('says that tags, JSON and headers are learned as well', () => {
    assert.match(
      about('<!DOCTYPE html>\n<p>Hello'),
      /^a\.txt is HTML with its tags, all of which would be learned\. Save/,
    );
    assert.match(about('  <html lang="en">'), /HTML/);
    assert.match(about('<?xml version="1.0"?><TEI>'), /XML/);
    assert.match(about('{ "cells": [ { "cell_type": "markdown" } ], "nbformat": 4 }'), /a notebook/);
    assert.match(about(mail), /a mail with its headers/);
    assert.match(about(`From a@b.example Mon Jan  1\n${mail}`), /a mail with its headers/);
  });

  it('says nothing about prose', () => {
    for (const text of [
      '',
      'From: the beginning\n\nIt was a dark night.',
      'Note: this\nReceived: wisdom\nwas questioned.',
      '{ "a": 1 }',
      'He wrote <html> on the wall.',
      '---\ntitle: Diary\n---\n\nToday',
      'Percent: %PDF',
    ]) {
      assert.equal(about(text), '');
    }
  });
});
