/** The third-party notices in dist/, compared with the contents of the bundles. */
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { repositoryRoot, script } from '../../support/shared';

type Inputs = Record<string, { bytesInOutput: number }>;
interface Notices {
  noticesOf(metafiles: { outputs: Record<string, { inputs: Inputs }> }[], root: string): string;
}

const dist = path.join(repositoryRoot, 'dist');
/** Ignoring white space. */
const squeeze = (text: string): string => text.replace(/\s+/g, ' ').trim();

describe('third-party notices', () => {
  it('have the name, the version and the licence of every package in the bundles', () => {
    const notices = squeeze(fs.readFileSync(path.join(dist, 'ThirdPartyNotices.txt'), 'utf8'));
    const folders = new Set<string>();
    for (const name of fs.readdirSync(dist).filter((file) => file.endsWith('.js.map'))) {
      const { sources } = JSON.parse(fs.readFileSync(path.join(dist, name), 'utf8')) as { sources: string[] };
      for (const source of sources) {
        const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0];
        if (folder) folders.add(path.join(dist, folder));
      }
    }
    assert.ok(folders.size >= 10, 'the page and the engine bundle packages');
    for (const folder of folders) {
      const { name, version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
        name: string;
        version: string;
      };
      assert.ok(notices.includes(`${name} ${version} Licence: `), `${name} ${version} is missing`);
      for (const file of fs.readdirSync(folder).filter((found) => /^licen[cs]e/i.test(found))) {
        const text = squeeze(fs.readFileSync(path.join(folder, file), 'utf8'));
        assert.ok(notices.includes(text), `the licence of ${name} is missing`);
      }
    }
    assert.ok(notices.includes('UNICODE LICENSE V3'), 'the table of similar letters is in the engine');
  });

  it('cannot be written for a package without a stated licence, and leave out what is not in a bundle', async () => {
    const { noticesOf } = await script<Notices>('notices.mjs');
    const root = fs.mkdtempSync(path.join(os.tmpdir(), 'inkling-notices-'));
    try {
      const add = (name: string, manifest: object, licence?: string): void => {
        const folder = path.join(root, 'node_modules', name);
        fs.mkdirSync(folder, { recursive: true });
        fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3', ...manifest }));
        if (licence) fs.writeFileSync(path.join(folder, 'LICENSE.md'), licence);
      };
      add('with', { license: 'BSD-3-Clause' }, 'Do as you are told.');
      add('@scope/short', { license: 'MIT', author: { name: 'Ada' } });
      add('without', { license: 'BSD-3-Clause' });
      const inputs: Inputs = {
        'src/own.ts': { bytesInOutput: 5 },
        'node_modules/with/index.js': { bytesInOutput: 5 },
        'node_modules/with/node_modules/@scope/short/index.js': { bytesInOutput: 0 },
        'node_modules/@scope/short/index.js': { bytesInOutput: 5 },
        'node_modules/without/index.js': { bytesInOutput: 0 },
      };
      const bundle = (output: string) => [{ outputs: { [output]: { inputs } } }];
      const notices = noticesOf(bundle('dist/engine.js'), root);
      assert.match(notices, /with 1\.2\.3\nLicence: BSD-3-Clause\n\nDo as you are told\.\n/);
      assert.match(notices, /@scope\/short 1\.2\.3\nLicence: MIT\n\nMIT License\n\nCopyright \(c\) Ada\n/);
      assert.doesNotMatch(notices, /without 1/);
      inputs['node_modules/without/index.js'].bytesInOutput = 1;
      assert.throws(() => noticesOf(bundle('dist/engine.js'), root), /without is bundled/);
      noticesOf(bundle('out/test/a.test.js'), root);
    } finally {
      fs.rmSync(root, { recursive: true });
    }
  });
});
