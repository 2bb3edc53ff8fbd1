import * as assert from 'node:assert/strict';
import { InklingError } from '../../../../src/common/errors';
import { setUpGpu } from '../../../../src/extension/gpu/gpuSetup';
import { fakeSetup, installed } from './fakeSetup';

const folder = '/storage/gpu';

describe('Set Up GPU', () => {
  it('sets a Node.js, installs, tests and reports, each in an engine that it stops', async () => {
    const { parts, said } = fakeSetup();
    const measured = await setUpGpu(parts);
    assert.deepEqual(said, [
      'looking',
      `start own with ${folder}`,
      'describeGpu {}',
      'stop',
      `choose in ${folder}, v22.1.0`,
      'node? /usr/bin/node',
      'set /usr/bin/node',
      'changed',
      `start /usr/bin/node with ${folder}`,
      'describeGpu {}',
      'installing webgpu@0.6.2',
      `installGpu {"folder":"${folder}","which":"webgpu"}`,
      'line: added 1 package',
      'changed',
      'testing',
      'selfTestGpu {"which":"webgpu"}',
      'selfTestGpu {"which":"wasm"}',
      'webgpu 2 ms, wasm 80 ms',
      'stop',
    ]);
    assert.equal(measured?.gpu.backend, 'webgpu');
  });

  it('only tests, without further questions, if everything is installed', async () => {
    const { parts, said, answers } = fakeSetup('/opt/node');
    answers.report = (program) => installed(program ? null : 'not in Electron');
    await setUpGpu(parts);
    assert.ok(!said.some((line) => /node\?|install|again|set |changed/.test(line)), said.join('\n'));
    assert.ok(said.includes('selfTestGpu {"which":"webgpu"}'));
    assert.equal(said.filter((line) => line === `start /opt/node with ${folder}`).length, 2);
  });

  it('finds WebGPU working once it runs in the Node.js that was just set', async () => {
    const { parts, said, answers } = fakeSetup();
    answers.report = (program) => installed(program ? null : "WebGPU does not run inside VS Code's own runtime");
    await setUpGpu(parts);
    assert.ok(!said.some((line) => /again|install/.test(line)), said.join('\n'));
  });

  it("does not touch the user's Node.js for TensorFlow, which runs in the built-in runtime", async () => {
    const { parts, said, answers } = fakeSetup();
    answers.package = 'tensorflow';
    await setUpGpu(parts);
    assert.ok(!said.some((line) => /node\?|set /.test(line)), said.join('\n'));
    assert.ok(said.includes(`installGpu {"folder":"${folder}","which":"tensorflow"}`));
  });

  it('does nothing when the user leaves: at the list, at the Node.js, at the second installation', async () => {
    for (const leave of [
      (fake: ReturnType<typeof fakeSetup>) => (fake.answers.package = undefined),
      (fake: ReturnType<typeof fakeSetup>) => (fake.answers.node = undefined),
      (fake: ReturnType<typeof fakeSetup>) => {
        fake.answers.report = () => installed('No GPU adapter was found.');
        fake.answers.reinstall = false;
      },
    ]) {
      const fake = fakeSetup();
      leave(fake);
      assert.equal(await setUpGpu(fake.parts), undefined);
      assert.ok(!fake.said.some((line) => /^installGpu|^selfTest/.test(line)), fake.said.join('\n'));
      const starts = fake.said.filter((line) => line.startsWith('start')).length;
      assert.equal(fake.said.filter((line) => line === 'stop').length, starts);
    }
  });

  it('refuses a Node.js that is too old, and sets nothing', async () => {
    const { parts, said, answers } = fakeSetup();
    answers.node = '/usr/bin/old';
    await assert.rejects(
      setUpGpu(parts),
      (error) => error instanceof InklingError && error.code === 'invalidInput' && /v18/.test(error.message),
    );
    assert.ok(!said.some((line) => line.startsWith('set ')));
  });

  it('proposes another Node.js if the one in the settings is gone or too old', async () => {
    const { parts, said } = fakeSetup('/opt/old');
    await setUpGpu(parts);
    assert.equal(said[1], `start own with ${folder}`);
    assert.ok(said.some((line) => line.startsWith('node? /opt/old is Node.js v18')));
  });

  it('shows the report when that is chosen', async () => {
    const { parts, said, answers } = fakeSetup();
    answers.package = 'report';
    assert.equal(await setUpGpu(parts), undefined);
    assert.equal(said.at(-1), 'report');
  });

  it('passes on why the self-test failed, and stops its engine', async () => {
    const { parts, said, answers } = fakeSetup();
    answers.failure = new InklingError('backendUnavailable', 'No GPU adapter was found.');
    await assert.rejects(setUpGpu(parts), /No GPU adapter/);
    assert.equal(said.at(-1), 'stop');
    assert.ok(!said.some((line) => / ms/.test(line)));
  });
});
