import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import { decodeText } from '../../../../src/engine/corpus/decodeText';

const verse = 'Né più mai toccherò 🖋️ le sacre sponde – „nai\u0308v“';

/** UTF-16 with its byte order mark. */
function utf16(text: string, order: 'little' | 'big'): Buffer {
  const bytes = Buffer.from('\ufeff' + text, 'utf16le');
  return order === 'big' ? bytes.swap16() : bytes;
}

function refused(bytes: Uint8Array, message: RegExp): void {
  assert.throws(
    () => decodeText(bytes, 'book.bin'),
    (error) => error instanceof InklingError && error.code === 'invalidInput' && message.test(error.message),
  );
}

describe('decodeText', () => {
  it('reads UTF-8, with and without a byte order mark', () => {
    assert.equal(decodeText(Buffer.from(verse), 'a.txt'), verse);
    assert.equal(decodeText(Buffer.from('\ufeff' + verse), 'a.txt'), verse);
    assert.equal(decodeText(new Uint8Array(0), 'a.txt'), '');
  });

  it('reads UTF-16 of either byte order', () => {
    assert.equal(decodeText(utf16(verse, 'little'), 'a.txt'), verse);
    assert.equal(decodeText(utf16(verse, 'big'), 'a.txt'), verse);
    refused(utf16(verse, 'little').subarray(0, 11), /book\.bin begins as UTF-16 .* cut short/);
  });

  it('reads a view into a larger buffer, and leaves the bytes alone', () => {
    const whole = Buffer.concat([Buffer.from('before'), utf16('ab', 'big'), Buffer.from('after')]);
    const copy = Buffer.from(whole);
    assert.equal(decodeText(whole.subarray(6, 12), 'a.txt'), 'ab');
    assert.deepEqual(whole, copy);
  });

  it('turns CRLF and lone CR into LF in every encoding', () => {
    const text = 'one\r\ntwo\rthree\n\r\n\rfour\r';
    const expected = 'one\ntwo\nthree\n\n\nfour\n';
    assert.equal(decodeText(Buffer.from(text), 'a.txt'), expected);
    assert.equal(decodeText(Buffer.from('\ufeff' + text), 'a.txt'), expected);
    assert.equal(decodeText(utf16(text, 'little'), 'a.txt'), expected);
    assert.equal(decodeText(utf16(text, 'big'), 'a.txt'), expected);
    assert.equal(decodeText(Buffer.from('caf\u00e9\r\n', 'latin1'), 'a.txt'), 'café\n');
  });

  it('reads windows-1252 where the bytes are no UTF-8', () => {
    const bytes = Buffer.from([0x93, 0x63, 0x61, 0x66, 0xe9, 0x94, 0x20, 0x97, 0x20, 0x80, 0x35]);
    assert.equal(decodeText(bytes, 'a.txt'), '“café” — €5');
  });

  it('keeps UTF-8 that has a damaged byte or was cut inside a character', () => {
    const text = 'Così tra questa immensità s’annega il pensier mio, così è più là: città, virtù, libertà';
    const cut = Buffer.from(text).subarray(0, -1);
    assert.equal(decodeText(cut, 'a.txt'), text.slice(0, -1) + '\ufffd');
  });

  it('refuses what is not text and says what to do', () => {
    refused(
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d]),
      /book\.bin is not a text file.*UTF-8/,
    );
    refused(Buffer.from('\ufeffab', 'utf16le').subarray(2), /not a text file/);
    refused(Buffer.from('a long text and then '.repeat(50) + '\0'), /not a text file/);
    refused(Buffer.from('\ufeffa\0b', 'utf16le'), /not a text file/);
    const noise = Uint8Array.from({ length: 4000 }, (_, i) => ((i * 7919) % 255) + 1);
    refused(noise, /not a text file/);
  });

  it('keeps a few control characters: form feeds, an escape', () => {
    const text = 'Chapter one\f\tIt began\x1b[0m. \x01'.repeat(3) + 'and went on '.repeat(40);
    assert.equal(decodeText(Buffer.from(text), 'a.txt'), text);
  });
});
