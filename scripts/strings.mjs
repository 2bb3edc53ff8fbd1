// Collects the messages of the code into l10n/bundle.l10n.json, for translators. They are in l10n.t('…') in the extension
// and in t('…') or sentence('…') of src/common/l10n.ts elsewhere, each as one literal.
//   node scripts/strings.mjs
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const messages = new Set();
for (const room of ['src/common', 'src/engine', 'src/extension', 'src/webview']) {
  const folder = path.join(root, room);
  for (const name of fs.readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.ts')) continue;
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    for (const [, , message] of text.matchAll(
      /(?:(?:\bl10n\.|(?<![\w.$]))t|(?<![\w.$])sentence)\(\s*(['"])((?:\\.|(?!\1).)*)\1/g,
    )) {
      messages.add(message.replace(/\\(.)/g, '$1'));
    }
  }
}
const bundle = Object.fromEntries([...messages].sort().map((message) => [message, message]));
fs.mkdirSync(path.join(root, 'l10n'), { recursive: true });
fs.writeFileSync(path.join(root, 'l10n/bundle.l10n.json'), JSON.stringify(bundle, null, 2) + '\n');
