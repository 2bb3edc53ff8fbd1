import * as assert from 'node:assert';
import { readText } from '../../../../src/engine/classification/reading';

const visible = 'CONGRATULATIONS! You have WON 100% free cash — reply WIN to 80001.';
const headers = [
  'From: "Prize Team" <win@prize.example>',
  'To: user@example.org',
  'Subject: =?UTF-8?B?WW91IFdPTiEhIQ==?=',
  'MIME-Version: 1.0',
];
const mail = (type: string, encoding: string, body: string): string =>
  [...headers, `Content-Type: ${type}; charset=utf-8`, `Content-Transfer-Encoding: ${encoding}`, '', body].join('\n');
const quotedPrintable = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
    .replace(/(.{60})/g, '$1=\n');

describe('Reading a text for a classifier', () => {
  const texts: [what: string, given: string, read: string, findings: string[]][] = [
    ['plain text', 'Lunch at 12? Über Straße, naïve café.', 'Lunch at 12? Über Straße, naïve café.', []],
    ['a link with escapes', 'see http://a.example/x?y=20&z=30&w=40', 'see http://a.example/x?y=20&z=30&w=40', []],
    [
      'a mail in base64',
      mail('text/html', 'base64', Buffer.from(`<p>${visible}</p>`).toString('base64')),
      `You WON!!!\n\n${visible}`,
      ['mail'],
    ],
    [
      'a mail in quoted-printable',
      mail('text/plain', 'quoted-printable', quotedPrintable(visible)),
      `You WON!!!\n\n${visible}`,
      ['mail'],
    ],
    ['a body in base64 alone', Buffer.from(visible).toString('base64'), visible, ['mail']],
    ['a body in quoted-printable alone', quotedPrintable(visible), visible, ['mail']],
    [
      'HTML',
      `<html><body><style>p{}</style><p>Win&nbsp;<b>now</b></p>and &amp; here</body></html>`,
      'Win now\nand & here',
      ['html'],
    ],
    [
      'hidden HTML',
      '<div>Win<span style="display: none">ham ham</span> now</div><div>!</div>',
      'Win now\n\n!',
      ['html', 'hidden'],
    ],
    ['invisible characters', 'W\u200bI\u200bN fr\u2060ee c\u00adash', 'WIN free cash', ['hidden']],
    ['look-alike letters', 'сlаim уоur frее рrizе', 'claim your free prize', ['lookalikes']],
    ['full-width letters', 'Ｗｉｎ ｆｒｅｅ cash', 'Win free cash', ['lookalikes']],
    ['spaced-out words', 'F R E E  C A S H and f.r.e.e stuff', 'FREE  CASH and free stuff', ['spaced']],
    ['struck-through letters', 'w\u0336i\u0336n\u0336', 'win', []],
    ['Russian', 'Привет, как дела? сор и мир', 'Привет, как дела? сор и мир', []],
    ['Japanese with full-width letters', '今日はＮＨＫとＡＢＣを見た', '今日はNHKとABCを見た', []],
    ['a Persian joiner', 'می\u200cخواهم', 'میخواهم', []],
    ['prose with a colon', 'Note: this is it\nDear reader: go on', 'Note: this is it\nDear reader: go on', []],
  ];
  for (const [what, given, read, findings] of texts) {
    it(`turns ${what} into what its reader sees`, async () => {
      const reading = await readText(given);
      assert.strictEqual(reading.text, read);
      assert.deepStrictEqual(reading.findings, findings);
    });
  }

  it('traces every stretch back', async () => {
    const given = 'So: F R E E c\u200bash, сlаim １００';
    const { text, place } = await readText(given);
    assert.strictEqual(text, 'So: FREE cash, claim 100');
    for (const [word, original] of [
      ['FREE', 'F R E E'],
      ['cash', 'c\u200bash'],
      ['claim', 'сlаim'],
      ['100', '１００'],
    ]) {
      const { start, end } = place(text.indexOf(word), text.indexOf(word) + word.length);
      assert.strictEqual(given.slice(start, end), original);
    }
    const page = await readText('<p>Win now</p><p>c\u200bash</p>');
    const { start, end } = page.place(page.text.indexOf('cash'), page.text.indexOf('cash') + 4);
    assert.strictEqual(page.unwrapped?.slice(start, end), 'c\u200bash');
  });

  // Anything quadratic in these takes minutes, and the test's time runs out.
  for (const unit of ['<', '<a ', 'a.', '=3D', 'A: b\n', '<p hidden>', '\u0301', 'a\u200b', 'From: x\nTo: y\n', 'а']) {
    it(`reads 200 kB of ${JSON.stringify(unit)} in linear time`, async () => {
      await readText(unit.repeat(2e5 / unit.length));
    });
  }
});
