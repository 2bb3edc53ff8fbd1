/** Ways of hiding spam from a detector that leave it readable for people. */
import { lookalikes } from '../src/engine/classification/confusables';

/** Each rewrites `text`; `ham` are twelve legitimate messages. */
export const attacks: Record<string, (text: string, ham: readonly string[]) => string> = {
  'invisible characters': (text) => text.replace(/(?<=\p{L})(?=\p{L})/gu, '\u200b'),
  'Cyrillic look-alikes': (text) => text.replace(/[a-z]/gi, (letter) => cyrillicOf.get(letter) ?? letter),
  'full-width letters': (text) =>
    text.replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)),
  'HTML source': (text) => {
    const words = text.split(' ').map((word) => {
      const escaped = word.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
      return `<span>${escaped.replace(/^(.{2})/, '$1<!-- note -->')}</span>`;
    });
    return `<html><body><div style="display:none">See you at the meeting.</div><p>${words.join(' ')}</p></body></html>`;
  },
  'quoted-printable source': (text) => {
    const bytes = [...Buffer.from(text)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`);
    const lines = Array.from({ length: Math.ceil(bytes.length / 24) }, (_, i) =>
      bytes.slice(i * 24, i * 24 + 24).join(''),
    );
    return lines.join('=\r\n');
  },
  'twelve legitimate messages appended': (text, ham) => [text, ...ham].join('\n'),
};

const cyrillicOf = new Map(
  Object.entries(lookalikes).flatMap(([letter, others]) => {
    const cyrillic = [...others].find((other) => /\p{Script=Cyrillic}/u.test(other));
    return cyrillic === undefined ? [] : [[letter, cyrillic] as const];
  }),
);

/** The text of each example of `spam` attacked in each way, with twelve other messages of `ham` for each. */
export function attacked<T extends { text: string }>(spam: readonly T[], ham: readonly T[]): [string, T[]][] {
  return Object.entries(attacks).map(([name, attack]) => [
    name,
    spam.map((example, i) => {
      const others = Array.from({ length: 12 }, (_, k) => ham[(12 * i + k) % ham.length].text);
      return { ...example, text: attack(example.text, others) };
    }),
  ]);
}
