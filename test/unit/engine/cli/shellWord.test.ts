/** Names of files in suggested commands, read back by a shell. */
import * as assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { shellWord } from '../../../../src/engine/cli/shellWord';

describe('A file name in a suggested command', () => {
  it('is one word for the shell, whatever is in it', function () {
    if (process.platform === 'win32') this.skip();
    for (const name of ['my novel.txt', "Müller's `diary`", '$HOME;ls', 'a"b\\c', 'x\ny', '*', '~', '']) {
      assert.equal(execFileSync('sh', ['-c', `printf %s ${shellWord(name)}`], { encoding: 'utf8' }), name);
    }
  });

  it('is quoted only where it has to be, as the platform does it', () => {
    assert.equal(shellWord('out/roman-été.inkling.safetensors'), 'out/roman-été.inkling.safetensors');
    assert.equal(shellWord('my novel.txt', 'linux'), "'my novel.txt'");
    assert.equal(shellWord('my novel.txt', 'win32'), '"my novel.txt"');
  });
});
