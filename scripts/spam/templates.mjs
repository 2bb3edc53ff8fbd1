// Messages written for this project, to learn from only: never in an evaluation. They represent kinds of mail that
// cannot be published: today's lures, and the legitimate messages that look most like them. Names and addresses are
// invented.
//
// "[a|b]" is one of the alternatives; "{name}" one of the slot's values; "{#4}" four digits; "{code}", "{sum}", "{link}",
// "{mail}", "{time}", "{day}" are made up each time. The same seed gives the same messages.
import * as comments from './comments.mjs';
import { hamThemes, spamThemes } from './mails.mjs';
import * as messages from './messages.mjs';

const { slots } = messages;

/** A generator of numbers in [0, 1) (mulberry32). */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const syllables = 'ba be da do fi ga ka lo ma mi na no pa po ra ri sa so ta ti va vi za zo'.split(' ');
const endings = 'com net info top online shop site xyz club live'.split(' ');
const tails = 'pay login verify parcel track secure claim app update id'.split(' ');

const siteLink = '[https://www.|https://|www.]{shop}.[com|org|de|fr|it|es]/[orders/{#6}|account|help|news|]';

function expand(template, language, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const digits = (n) => Array.from({ length: n }, () => Math.floor(random() * 10)).join('');
  const word = () => Array.from({ length: 2 + Math.floor(random() * 2) }, () => pick(syllables)).join('');
  const made = {
    code: () => digits(random() < 0.7 ? 6 : 4),
    sum: () => {
      const value = random() < 0.4 ? `${1 + Math.floor(random() * 9)}` : `${10 + Math.floor(random() * 990)}`;
      const cents = random() < 0.6 ? `${language === 'en' ? '.' : ','}${digits(2)}` : '';
      return language === 'en' ? `${pick(['£', '$', '€'])}${value}${cents}` : `${value}${cents} ${pick(['€', 'EUR'])}`;
    },
    link: () => {
      const end = random() < 0.5 ? `/${random() < 0.5 ? pick(tails) : word() + digits(2)}` : '';
      return `${pick(['https://', 'http://', ''])}${word()}-${pick(tails)}.${pick(endings)}${end}`;
    },
    shop: () => word().replace(/^./, (letter) => letter.toUpperCase()),
    time: () =>
      `${7 + Math.floor(random() * 14)}${language === 'fr' ? 'h' : language === 'de' ? '.' : ':'}${pick(['00', '15', '30', '45'])}`,
    mail: () =>
      `${pick(slots[language].name).toLowerCase()}${random() < 0.5 ? digits(2) : ''}@${word()}.${pick(endings)}`,
    site0: () => `${word()}.${pick(['org', 'net', 'com', 'edu'])}`,
    site: () => {
      const page = random() < 0.5 ? `${word()}/${digits(4)}.html` : `${word()}?id=${digits(6)}`;
      return `http://${pick(['www.', 'lists.', 'news.', ''])}${word()}.${pick(['org', 'net', 'com', 'edu', 'co.uk'])}/${page}`;
    },
    phone: () => `${pick(['+44 7', '+49 15', '+33 6', '+34 6', '+39 3', '07', '06'])}${digits(8)}`,
  };
  let text = template;
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replace(/\[([^[\]]*)\]/g, (_, choices) => pick(choices.split('|')));
  }
  return text
    .replace(/\{#(\d+)\}/g, (_, n) => digits(Number(n)))
    .replace(/\{(\w+)\}/g, (_, name) => (made[name] ? made[name]() : pick(slots[language][name])))
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * `each` different messages of every template, and `mailsEach` longer mails of every theme:
 * { label, text, kind: 'template', language }.
 */
export function templateMessages(seed, each, mailsEach) {
  const examples = [];
  for (const label of ['spam', 'ham']) {
    for (const language of Object.keys(slots)) {
      [...messages[label][language], ...(comments[label][language] ?? [])].forEach((template, i) => {
        const random = randomFrom(seed * 7919 + i * 31 + language.charCodeAt(0) * 1009 + label.length);
        const texts = new Set();
        for (let tries = 0; tries < each * 3 && texts.size < each; tries++)
          texts.add(expand(template, language, random));
        // Legitimate mail has links too.
        const link = () => (label === 'ham' && random() < 0.25 ? ` ${expand(siteLink, language, random)}` : '');
        for (const text of texts) examples.push({ label, text: text + link(), source: 'template', language, line: 0 });
      });
    }
  }
  for (const [label, themes] of Object.entries({ spam: spamThemes, ham: hamThemes })) {
    themes.forEach((theme, i) => {
      const random = randomFrom(seed * 7919 + i * 37 + label.length);
      for (let n = 0; n < mailsEach; n++) {
        const text = expand(mailTemplate(theme, random), 'en', random);
        examples.push({ label, text, source: 'template', language: 'en', line: 0 });
      }
    });
  }
  return examples;
}

/** A subject, three or more of the sentences, and an ending. */
function mailTemplate({ subjects, sentences, endings }, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const wanted = 3 + Math.floor(random() * (sentences.length - 2));
  const left = sentences.map((_, i) => i);
  while (left.length > wanted) left.splice(Math.floor(random() * left.length), 1);
  return [pick(subjects), ...left.map((i) => sentences[i]), pick(endings)].join(' ');
}
