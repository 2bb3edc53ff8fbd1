/** The manifest against the code, in both directions. */
import * as assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { commandIds } from '../../../src/extension/commandIds';
import { settingDefaults } from '../../../src/extension/settingDefaults';

interface Command {
  command: string;
  title: string;
  category: string;
}
interface Keybinding {
  command: string;
  when?: string;
}
/** A line of a menu: a command or a submenu. */
interface MenuItem {
  command?: string;
  submenu?: string;
  when?: string;
}
interface Property {
  type: string;
  default: unknown;
  enum?: string[];
  enumDescriptions?: string[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  markdownDescription: string;
  scope?: string;
}
interface Manifest {
  main: string;
  icon: string;
  l10n: string;
  engines: { vscode: string };
  activationEvents: string[];
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  devDependencies: Record<string, string>;
  scripts: Record<string, string>;
  contributes: {
    commands: Command[];
    submenus: { id: string; label: string }[];
    menus: Record<string, MenuItem[]>;
    keybindings: Keybinding[];
    configuration: { title: string; properties: Record<string, Property> }[];
    colors: { id: string }[];
    views: Record<string, { id: string; name: string; type?: string }[]>;
    viewsContainers: Record<string, { id: string; icon: string }[]>;
    viewsWelcome: { view: string; contents: string }[];
    walkthroughs: {
      id: string;
      steps: { id: string; description: string; media: { svg: string; altText: string } }[];
    }[];
  };
}

/** The suites are run from the root of the checkout. */
const root = process.cwd();
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const strings = JSON.parse(read('package.nls.json')) as Record<string, string>;
const { contributes } = manifest;

/** All TypeScript of a folder, as [file, text]. */
function sources(folder: string): [string, string][] {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, read(file)]);
}
const code = sources('src/extension');
const properties = Object.assign({}, ...contributes.configuration.map((section) => section.properties)) as Record<
  string,
  Property
>;

describe('manifest', () => {
  it('declares the commands that the code registers, and no others', () => {
    assert.deepEqual(contributes.commands.map(({ command }) => command).sort(), [...commandIds].sort());
    for (const { category } of contributes.commands) assert.equal(category, 'Inkling');
  });

  it('uses only declared commands in menus, keybindings, welcome pages, walkthroughs and code', () => {
    const known = new Set<string>(commandIds);
    const used = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].flatMap(
      ({ command }) => command ?? [],
    );
    const texts = [
      ...contributes.viewsWelcome.map(({ contents }) => contents),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ description }) => description)),
    ].map((text) => strings[text.slice(1, -1)]);
    for (const text of texts) {
      for (const [, command] of text.matchAll(/\(command:(inkling\.\w+)/g)) used.push(command);
    }
    for (const [, text] of code) {
      for (const [, command] of text.matchAll(/executeCommand\(\s*'(inkling\.\w+)'/g)) used.push(command);
    }
    assert.ok(used.length > 30);
    for (const command of used) assert.ok(known.has(command), command);
  });

  it('has one submenu in each context menu, and none without lines or a place', () => {
    const submenus = contributes.submenus.map(({ id }) => id).sort();
    const items = Object.values(contributes.menus).flat();
    assert.deepEqual(items.flatMap(({ submenu }) => submenu ?? []).sort(), submenus);
    for (const id of submenus) assert.ok(contributes.menus[id].length > 1, id);
    for (const menu of ['editor/context', 'explorer/context']) {
      assert.deepEqual(
        contributes.menus[menu].map(({ submenu }) => submenu),
        [menu.replace(/^(\w+).*/, 'inkling.$1')],
      );
    }
  });

  it('offers nothing for files that are not text', () => {
    const [{ when }] = contributes.menus['explorer/context'];
    const pattern = /^resourceExtname =~ \/(.*)\/i$/.exec(when ?? '')?.[1];
    assert.ok(pattern);
    const shown = (extension: string): boolean => new RegExp(pattern, 'i').test(extension);
    for (const extension of ['.png', '.PNG', '.jpeg', '.pdf', '.zip', '.safetensors']) assert.ok(!shown(extension));
    for (const extension of ['', '.txt', '.md', '.csv', '.mbox', '.pngx']) assert.ok(shown(extension), extension);
  });

  it('declares the settings that the code reads, with the same defaults', () => {
    const declared = Object.fromEntries(
      Object.entries(properties).map(([name, { default: value }]) => [name.replace(/^inkling\./, ''), value]),
    );
    assert.deepEqual(declared, settingDefaults);
  });

  it('reads every setting somewhere', () => {
    for (const name of Object.keys(settingDefaults)) {
      const readers = code.filter(([file, text]) => !file.endsWith('settingDefaults.ts') && text.includes(`'${name}'`));
      assert.ok(readers.length > 0, `${name} is never read`);
    }
  });

  it('describes and bounds every setting, within titled sections', () => {
    for (const section of contributes.configuration) assert.ok(strings[section.title.slice(1, -1)], section.title);
    for (const [name, property] of Object.entries(properties)) {
      assert.ok(strings[property.markdownDescription.slice(1, -1)]?.length > 20, name);
      if (property.type === 'integer' || property.type === 'number') {
        assert.ok(property.maximum !== undefined, `${name} has no upper bound`);
        assert.ok((property.minimum ?? property.exclusiveMinimum) !== undefined, `${name} has no lower bound`);
      }
      if (property.enum) {
        assert.equal(property.enumDescriptions?.length, property.enum.length, name);
        assert.ok(property.enum.includes(property.default as string), name);
      }
      assert.ok(property.scope, `${name} has no scope`);
    }
    for (const name of manifest.capabilities.untrustedWorkspaces.restrictedConfigurations) {
      assert.ok(properties[name], name);
    }
  });

  it('has a text for every key in use, and no unused text', () => {
    const used = new Set([...JSON.stringify(manifest).matchAll(/%([\w.-]+)%/g)].map(([, key]) => key));
    assert.deepEqual([...used].sort(), Object.keys(strings).sort());
  });

  it('has every message of the code in the bundle for translators, and no other', () => {
    const bundle = JSON.parse(read('l10n/bundle.l10n.json')) as Record<string, string>;
    const messages = new Set<string>();
    for (const [, text] of [...code, ...['src/common', 'src/engine', 'src/webview'].flatMap(sources)]) {
      for (const [, , message] of text.matchAll(
        /(?:(?:\bl10n\.|(?<![\w.$]))t|(?<![\w.$])sentence)\(\s*(['"])((?:\\.|(?!\1).)*)\1/g,
      )) {
        messages.add(message.replace(/\\(.)/g, '$1'));
      }
    }
    assert.deepEqual(Object.keys(bundle).sort(), [...messages].sort(), 'run: node scripts/strings.mjs');
    for (const [key, value] of Object.entries(bundle)) assert.equal(value, key);
  });

  it('names commands by their titles, in every language', () => {
    for (const ending of ['', '.de']) {
      const own = JSON.parse(read(`package.nls${ending}.json`)) as Record<string, string>;
      const titles = Object.keys(own).flatMap((key) => (/^command\..+\.title$/.test(key) ? [own[key]] : []));
      const messages = JSON.parse(read(`l10n/bundle.l10n${ending}.json`)) as Record<string, string>;
      const named = [...Object.values(own), ...Object.values(messages)].flatMap((text) =>
        Array.from(text.matchAll(/["„*]Inkling: ([^"“*]+)["“*]/g), ([, title]) => title),
      );
      assert.ok(named.length > 10, `${named.length}`);
      assert.deepEqual(
        [...new Set(named)].filter((title) => !titles.includes(title)),
        [],
      );
    }
  });

  it('is translated completely: every text, every placeholder, every command it links to', () => {
    const folder = path.join(root, manifest.l10n);
    const languages = fs.readdirSync(folder).flatMap((name) => /^bundle\.l10n\.(.+)\.json$/.exec(name)?.[1] ?? []);
    assert.ok(languages.includes('de'));
    const english = { ...strings, ...(JSON.parse(read('l10n/bundle.l10n.json')) as Record<string, string>) };
    const parts = (text: string): string[] => [...new Set(text.match(/\{\d\}|\(command:[^)]*\)/g))].sort();
    for (const language of languages) {
      const translated: Record<string, string> = {
        ...(JSON.parse(read(`package.nls.${language}.json`)) as Record<string, string>),
        ...(JSON.parse(read(`l10n/bundle.l10n.${language}.json`)) as Record<string, string>),
      };
      const hint = `what is new in English is to be added to *.${language}.json`;
      assert.deepEqual(Object.keys(translated).sort(), Object.keys(english).sort(), hint);
      for (const [key, text] of Object.entries(english)) {
        assert.ok(translated[key].trim() !== '', key);
        assert.deepEqual(parts(translated[key]), parts(text), `${language}: ${key}`);
      }
    }
  });

  it('names views, colours and context keys that the code knows', () => {
    const views = Object.values(contributes.views).flat();
    assert.deepEqual(
      views.map(({ id }) => id),
      ['inkling.models', 'inkling.studio'],
    );
    const all = code.map(([, text]) => text).join('\n');
    for (const { id } of views) assert.ok(all.includes(`'${id}'`), id);
    assert.deepEqual(
      contributes.colors.map(({ id }) => id),
      [
        'inkling.proposal',
        ...[1, 2, 3, 4, 5].map((level) => `inkling.surprise${level}`),
        ...[1, 2, 3].map((strength) => `inkling.spamFor${strength}`),
        ...[1, 2, 3].map((strength) => `inkling.spamAgainst${strength}`),
      ],
    );
    const conditions = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].map(
      ({ when }) => when ?? '',
    );
    for (const key of new Set(conditions.flatMap((when) => when.match(/\binkling\.\w+/g) ?? []))) {
      assert.ok(all.includes(`'${key}'`), `${key} is never set`);
    }
  });

  it('writes conditions that VS Code understands, and offers corrections only in the text that was checked', () => {
    const items = Object.values(contributes.menus).flat();
    // There is no operator `!~`: VS Code reads such a condition as one that always holds.
    for (const { when } of items) assert.doesNotMatch(when ?? '', /!~/);
    const corrections = items.filter(({ command }) => /^inkling\.mark/.test(command ?? ''));
    assert.equal(corrections.length, 4);
    for (const { when } of corrections) assert.equal(when, 'resource in inkling.spamChecked');
  });

  it('acts on the focused editor, never on the one around a peek, and never splits a composition', () => {
    const { keybindings, menus } = contributes;
    const writing = keybindings.filter(({ command }) => command === 'inkling.continueText');
    assert.equal(writing.length, 1);
    assert.match(writing[0].when ?? '', /!isComposing/);
    for (const { when } of [...writing, ...menus['editor/context']]) {
      assert.match(when ?? '', /!inReferenceSearchEditor/);
      assert.match(when ?? '', /!isEmbeddedDiffEditor/);
    }
  });

  it('never binds Tab, and Esc only while text is being written', () => {
    for (const binding of contributes.keybindings as (Keybinding & { key: string })[]) {
      assert.doesNotMatch(binding.key, /\btab\b/i);
      if (/escape/i.test(binding.key)) assert.match(binding.when ?? '', /inkling\.continuing/);
    }
  });

  it('points at files that exist', () => {
    const files = [
      manifest.icon,
      ...Object.values(contributes.viewsContainers)
        .flat()
        .map(({ icon }) => icon),
      ...contributes.walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.svg)),
      `${manifest.l10n}/bundle.l10n.json`,
    ];
    for (const file of files) assert.ok(fs.existsSync(path.join(root, file)), file);
    assert.equal(contributes.walkthroughs[0].steps.length, 5);
  });

  it('draws its walkthrough in colours that no theme makes translucent', () => {
    for (const { media } of contributes.walkthroughs[0].steps) {
      const picture = fs.readFileSync(path.join(root, media.svg), 'utf8');
      for (const [colour] of picture.matchAll(/[^"]*--vscode-charts-orange[^"]*/g))
        assert.match(colour, / r g b \/ 1\)$/);
    }
  });

  it('requires the VS Code version that it is compiled against', () => {
    assert.equal(manifest.engines.vscode, `^${manifest.devDependencies['@types/vscode']}`);
  });

  it('starts nothing over a network and sends no telemetry', () => {
    for (const [file, text] of code) {
      assert.doesNotMatch(text, /node:https?'|\bfetch\(|createTelemetryLogger|node:net'|WebSocket/, file);
    }
  });
});
