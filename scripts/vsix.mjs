// The package of an extension (.vsix): a ZIP file with the extension's files, and two files of XML that describe it to
// VS Code and to the Marketplace.
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';

/**
 * @typedef {{ name: string, data: Buffer }} Entry a file of the package; its path with forward slashes
 */

/** What the Marketplace shows beside the text of the extension; its path in the package. */
const assets = [
  ['Microsoft.VisualStudio.Code.Manifest', 'extension/package.json'],
  ['Microsoft.VisualStudio.Services.Content.Details', 'extension/README.md'],
  ['Microsoft.VisualStudio.Services.Content.Changelog', 'extension/CHANGELOG.md'],
  ['Microsoft.VisualStudio.Services.Content.License', 'extension/LICENSE.txt'],
];

const contentTypes = {
  css: 'text/css',
  js: 'application/javascript',
  json: 'application/json',
  md: 'text/markdown',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  vsixmanifest: 'text/xml',
  wasm: 'application/wasm',
};

/**
 * `manifest`: package.json, `strings`: package.nls.json, `files`: what is in the extension's folder, except the
 * manifest. Returns all entries of the package.
 * @returns {Entry[]}
 */
export function vsixEntries(manifest, strings, files) {
  const entries = [{ name: 'package.json', data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) }, ...files];
  const extension = entries.map(({ name, data }) => ({ name: `extension/${name}`, data }));
  const names = new Set(extension.map(({ name }) => name));
  for (const [, file] of assets) if (!names.has(file)) throw new Error(`The package has no ${file}.`);
  return [
    { name: 'extension.vsixmanifest', data: Buffer.from(vsixManifest(manifest, strings)) },
    { name: '[Content_Types].xml', data: Buffer.from(typesOf([...names, 'extension.vsixmanifest'])) },
    ...extension,
  ];
}

function vsixManifest(manifest, strings) {
  const text = (value) => escape(value.replace(/^%(.*)%$/, (_, key) => strings[key]));
  const { name, version, publisher, engines, categories, keywords, extensionKind, galleryBanner, icon } = manifest;
  const properties = {
    'Microsoft.VisualStudio.Code.Engine': engines.vscode,
    'Microsoft.VisualStudio.Code.ExtensionKind': extensionKind.join(),
    'Microsoft.VisualStudio.Code.ExecutesCode': 'true',
    'Microsoft.VisualStudio.Services.Links.Source': manifest.repository?.url,
    'Microsoft.VisualStudio.Services.Links.Support': manifest.bugs?.url,
    'Microsoft.VisualStudio.Services.Links.Learn': manifest.homepage,
    'Microsoft.VisualStudio.Services.Branding.Color': galleryBanner.color,
    'Microsoft.VisualStudio.Services.Branding.Theme': galleryBanner.theme,
    'Microsoft.VisualStudio.Services.GitHubFlavoredMarkdown': 'true',
    'Microsoft.VisualStudio.Services.Content.Pricing': 'Free',
  };
  const lines = Object.entries(properties)
    .filter(([, value]) => value !== undefined)
    .map(([id, value]) => `      <Property Id="${id}" Value="${escape(value)}" />`);
  const iconAsset = ['Microsoft.VisualStudio.Services.Icons.Default', `extension/${icon}`];
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011" xmlns:d="http://schemas.microsoft.com/developer/vsx-schema-design/2011">
  <Metadata>
    <Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}" />
    <DisplayName>${text(manifest.displayName)}</DisplayName>
    <Description xml:space="preserve">${text(manifest.description)}</Description>
    <Tags>${escape(keywords.join())}</Tags>
    <Categories>${escape(categories.join())}</Categories>
    <GalleryFlags>Public</GalleryFlags>
    <Properties>
${lines.join('\n')}
    </Properties>
    <License>extension/LICENSE.txt</License>
    <Icon>extension/${icon}</Icon>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
${[...assets, iconAsset].map(([type, file]) => `    <Asset Type="${type}" Path="${file}" Addressable="true" />`).join('\n')}
  </Assets>
</PackageManifest>
`;
}

function typesOf(names) {
  const extensions = [...new Set(names.map((name) => path.posix.extname(name).slice(1)))].sort();
  const types = extensions.map(
    (extension) =>
      `<Default Extension=".${extension}" ContentType="${contentTypes[extension] ?? 'application/octet-stream'}"/>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">${types.join('')}</Types>
`;
}

const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/**
 * A ZIP file of the entries (PKWARE's APPNOTE, without extensions: under 4 GiB, names in UTF-8). The same entries give the
 * same bytes: no dates are kept.
 * @param {Entry[]} entries
 * @returns {{ file: Buffer, packed: { name: string, bytes: number }[] }} `packed`: how much each takes in the file
 */
export function zip(entries) {
  const locals = [];
  const directory = [];
  const packed = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const encoded = Buffer.from(name, 'utf8');
    const body = deflateRawSync(data, { level: 9 });
    // What a local header and the directory have in common: version, flags (UTF-8), method, time, date (1980-01-01),
    // checksum, sizes, length of the name, length of the extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(encoded.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, encoded, body]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, rest, encoded]));
    locals.push(local);
    packed.push({ name, bytes: local.length });
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return { file: Buffer.concat([...locals, central, end]), packed };
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(data) {
  let crc = ~0;
  for (const byte of data) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * The fields of package.json about the repository, from the address of a git remote: https or ssh, with or without a
 * user, whose name and password are left out. Nothing for any other address, such as a folder.
 */
export function repositoryFields(remote) {
  const found =
    /^(?:https?:\/\/(?:[^@/]*@)?|ssh:\/\/(?:[^@/]*@)?|[^@/:]+@)([\w.-]+)(?::\d+)?[:/]\/?(.+?)(?:\.git)?\/?$/.exec(
      remote.trim(),
    );
  if (!found) return {};
  const address = `https://${found[1]}/${found[2]}`;
  return {
    repository: { type: 'git', url: `${address}.git` },
    bugs: { url: `${address}/issues` },
    homepage: `${address}#readme`,
  };
}

/** Says which files make a package larger than `maximumBytes`; undefined if it is not. */
export function tooLarge(packed, maximumBytes) {
  const total = packed.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= maximumBytes) return undefined;
  const largest = [...packed].sort((a, b) => b.bytes - a.bytes).slice(0, 8);
  const lines = largest.map(({ name, bytes }) => `  ${(bytes / 1e6).toFixed(2)} MB  ${name}`);
  return `The package has ${(total / 1e6).toFixed(2)} MB, more than ${maximumBytes / 1e6} MB. The largest of it:\n${lines.join('\n')}`;
}
