/** The model file: what is written is read back, and every damaged file is refused and left unchanged. */
import * as assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { InklingError } from '../../../../src/common/errors';
import {
  modelFileVersion,
  readModelFile,
  readModelMetadata,
  writeModelFile,
  type StoredLanguageModel,
} from '../../../../src/engine/model/modelFile';
import { parameterCount, parameterLayout } from '../../../../src/engine/model/networkSpec';
import { decodeHeader, encodeHeader, lengthBytes, type Header } from '../../../../src/engine/model/safetensors';
import { Random } from '../../../../src/engine/random';
import { describeSpec, randomArray, randomSpec } from '../../../support/numeric';
import { languageModelOf, networkFileOf } from '../../../support/storedModel';
import { lstm } from '../../../support/trainingConfig';

const seed = 11;
function modelOf(): StoredLanguageModel {
  return languageModelOf(['\n', '"', '\\', 'é', '\u{1F996}', '\u0301', '\uD800'], {
    ...lstm(4),
    layers: [
      { units: 4, dropout: 0.2 },
      { units: 3, dropout: 0 },
    ],
  });
}
const { spec } = modelOf();

/** A file as another program reads it: the header, and the bytes after it. */
async function open(file: string): Promise<{ header: Header; data: Buffer }> {
  const bytes = await fs.readFile(file);
  const length = Number(bytes.readBigUInt64LE());
  const header = decodeHeader(bytes.subarray(lengthBytes, lengthBytes + length));
  return { header, data: bytes.subarray(header.dataStart) };
}

/** The header with checksums as another writer of the format would compute them. */
function sealed({ metadata, entries }: Header, data: Buffer): Buffer {
  const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
  metadata['inkling.checksum'] = sha256(data);
  delete metadata['inkling.headerChecksum'];
  const names = [...entries.keys()].sort();
  const places = names.map((name) => [name, Object.values(entries.get(name)!)]);
  const strings = Object.keys(metadata).sort();
  metadata['inkling.headerChecksum'] = sha256(JSON.stringify([strings.map((key) => [key, metadata[key]]), places]));
  return encodeHeader(metadata, entries);
}

describe(`model file (seed ${seed})`, () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'inkling-model-'));
    file = path.join(folder, 'model.safetensors');
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  it('restores what was stored', async () => {
    await writeModelFile(file, modelOf());
    assert.deepStrictEqual(await readModelFile(file), modelOf());
    assert.deepStrictEqual(await fs.readdir(folder), ['model.safetensors']);
  });

  it('holds any network', async () => {
    const random = new Random(seed);
    for (let round = 0; round < 40; round++) {
      const model = networkFileOf(randomSpec(random), random);
      await writeModelFile(file, model);
      assert.deepStrictEqual(await readModelFile(file), model, describeSpec(model.spec));
    }
  });

  it('holds a checkpoint', async () => {
    const random = new Random(seed);
    const checkpoint: StoredLanguageModel = {
      ...modelOf(),
      extraTensors: {
        'optimiser.m': randomArray(random, parameterCount(spec)),
        'optimiser.v': Float32Array.of(NaN, Infinity, -0, 1e-42),
        'state.train': new Float32Array(0),
      },
      checkpoint: { words: [1, 2 ** 32 - 1], position: 17 },
    };
    await writeModelFile(file, checkpoint);
    assert.deepStrictEqual(await readModelFile(file), checkpoint);
  });

  it('holds a classifier', async () => {
    const classifier = networkFileOf({
      cell: 'gru',
      input: { kind: 'embedding', vocabulary: 9, dimensions: 5, trainable: false },
      layers: [{ units: 4, dropout: 0.3, bidirectional: true }],
      output: { kind: 'sigmoid' },
    });
    await writeModelFile(file, classifier);
    assert.deepStrictEqual(await readModelFile(file), classifier);
  });

  it('keeps every bit, even of a bias of -0', async () => {
    const model = modelOf();
    model.parameters.fill(-0);
    await writeModelFile(file, model);
    assert.deepStrictEqual((await readModelFile(file)).parameters, model.parameters);
  });

  it('adds the second LSTM bias of a file that PyTorch trained', async () => {
    await writeModelFile(file, modelOf());
    const { header, data } = await open(file);
    const [begin] = header.entries.get('rnn.bias_hh_l1')!.data_offsets;
    data.writeFloatLE(0.25, begin);
    await fs.writeFile(file, Buffer.concat([sealed(header, data), data]));
    const { parameters } = await readModelFile(file);
    const { offset } = parameterLayout(spec).find(({ name }) => name === 'rnn.bias_ih_l1')!;
    const expected = modelOf().parameters;
    expected[offset] += 0.25;
    assert.deepStrictEqual(parameters, expected);
  });

  it('is read and written in pieces, so that it may be larger than the system reads at once', async () => {
    const realOpen = fs.open;
    const lengths: number[] = [];
    fs.open = async (...parameters) => {
      const handle = await realOpen(...parameters);
      const read = handle.read.bind(handle) as (...given: unknown[]) => Promise<unknown>;
      handle.read = ((target: Uint8Array, offset: number, length: number, position: number) => {
        lengths.push(length);
        return read(target, offset, length, position);
      }) as typeof handle.read;
      return handle;
    };
    try {
      const large = { ...modelOf(), extraTensors: { 'large.part': new Uint8Array(150_000_000).fill(7) } };
      await writeModelFile(file, large);
      assert.deepStrictEqual((await readModelFile(file)).extraTensors, large.extraTensors);
    } finally {
      fs.open = realOpen;
    }
    assert.ok(lengths.length > 10 && Math.max(...lengths) <= 2 ** 26, `${Math.max(...lengths)} bytes at once`);
    assert.ok(lengths.reduce((a, b) => a + b) > 150_000_000);
  });

  it('is the same bytes for the same model', async () => {
    await writeModelFile(file, modelOf());
    const first = await fs.readFile(file);
    await writeModelFile(file, modelOf());
    assert.ok(first.equals(await fs.readFile(file)));
  });

  it('uses PyTorch names and shapes, in float32 without gaps, with a second LSTM bias of zeros', async () => {
    const model = modelOf();
    await writeModelFile(file, model);
    const { header, data } = await open(file);
    assert.deepStrictEqual(
      [...header.entries].map(([name, { shape }]) => [name, shape]),
      [
        ['rnn.weight_ih_l0', [16, 7]],
        ['rnn.weight_hh_l0', [16, 4]],
        ['rnn.bias_ih_l0', [16]],
        ['rnn.bias_hh_l0', [16]],
        ['rnn.weight_ih_l1', [12, 4]],
        ['rnn.weight_hh_l1', [12, 3]],
        ['rnn.bias_ih_l1', [12]],
        ['rnn.bias_hh_l1', [12]],
        ['output.weight', [7, 3]],
        ['output.bias', [7]],
      ],
    );
    assert.strictEqual(header.dataStart % 8, 0);
    assert.strictEqual(header.metadata.format, 'pt');
    let end = 0;
    for (const [name, { dtype, data_offsets }] of header.entries) {
      assert.deepStrictEqual([dtype, data_offsets[0]], ['F32', end], name);
      end = data_offsets[1];
    }
    assert.strictEqual(end, data.length);
    const { offset } = parameterLayout(spec).find((tensor) => tensor.name === 'output.weight')!;
    assert.strictEqual(
      data.readFloatLE(header.entries.get('output.weight')!.data_offsets[0]),
      model.parameters[offset],
    );
    const [begin, stop] = header.entries.get('rnn.bias_hh_l1')!.data_offsets;
    assert.ok(data.subarray(begin, stop).every((byte) => byte === 0));
  });

  it('describes its content in the header alone', async () => {
    const model = modelOf();
    await writeModelFile(file, model);
    const { parameters, ...expected } = model;
    delete expected.extraTensors;
    const bytes = (await fs.stat(file)).size;
    assert.deepStrictEqual(await readModelMetadata(file), { ...expected, bytes, parameterCount: parameters.length });
  });

  it('refuses further tensors that could be mistaken for weights', async () => {
    for (const name of ['rnn.weight', 'output.bias', 'embedding.weight', 'best']) {
      const model = { ...modelOf(), extraTensors: { [name]: new Float32Array(1) } };
      await assert.rejects(writeModelFile(file, model), { code: 'internal' }, name);
    }
  });

  describe('refuses', () => {
    /** Replaces the file by `bytes`, and asserts how it is refused and that it is left unchanged. */
    async function refuses(bytes: Uint8Array, code: string, message: RegExp, alsoByHeader = true): Promise<void> {
      await fs.writeFile(file, bytes);
      await assert.rejects(readModelFile(file), { name: 'InklingError', code, message });
      if (alsoByHeader) await assert.rejects(readModelMetadata(file), { name: 'InklingError', code, message });
      assert.ok(Buffer.from(bytes).equals(await fs.readFile(file)), 'the file is as it was');
    }

    /** The file with another header in front of the same data. */
    async function withHeader(change: (header: Header) => void): Promise<Buffer> {
      const { header, data } = await open(file);
      change(header);
      return Buffer.concat([encodeHeader(header.metadata, header.entries), data]);
    }

    let whole: Buffer;
    beforeEach(async () => {
      await writeModelFile(file, modelOf());
      whole = await fs.readFile(file);
    });

    it('a truncated file', async () => {
      const headerEnd = (await open(file)).header.dataStart;
      for (const length of [8, 9, headerEnd - 1, headerEnd, headerEnd + 1, whole.length - 1]) {
        await refuses(whole.subarray(0, length), 'corruptModel', /model\.safetensors .*it is truncated.*not changed/);
      }
      for (const length of [0, 7]) {
        await refuses(whole.subarray(0, length), 'corruptModel', /not a safetensors file/);
      }
    });

    it('a weight with one altered bit', async () => {
      const { header } = await open(file);
      for (const at of [header.dataStart, header.dataStart + 101, whole.length - 1]) {
        const bytes = Buffer.from(whole);
        bytes[at] ^= 4;
        await refuses(bytes, 'corruptModel', /weights were altered/, false);
      }
    });

    it('an altered header', async () => {
      const { header } = await open(file);
      for (let at = lengthBytes; at < header.dataStart; at += 7) {
        const bytes = Buffer.from(whole);
        bytes[at] ^= 1;
        await fs.writeFile(file, bytes);
        await assert.rejects(
          readModelFile(file),
          (error) => error instanceof InklingError && /corruptModel|incompatibleModel/.test(error.code),
          `byte ${at}: ${String.fromCharCode(whole[at])} → ${String.fromCharCode(bytes[at])}`,
        );
      }
    });

    it('bytes added at the end', () =>
      refuses(Buffer.concat([whole, Buffer.alloc(4)]), 'corruptModel', /something was added at its end/));

    it('a file that is not safetensors', async () => {
      await refuses(Buffer.from('Once upon a time there was a text file.'), 'corruptModel', /not a safetensors file/);
      await refuses(Buffer.alloc(100), 'corruptModel', /not a safetensors file/);
      const noJson = Buffer.from(whole);
      noJson[lengthBytes] = 0x5b;
      await refuses(noJson, 'corruptModel', /header is damaged/);
    });

    it('a file of another program', async () => {
      const foreign = await withHeader(({ metadata }) => {
        for (const key of Object.keys(metadata)) if (key.startsWith('inkling.')) delete metadata[key];
      });
      await refuses(foreign, 'incompatibleModel', /of another program/);
    });

    it('a newer version, before reading anything else', async () => {
      const newer = await withHeader(({ metadata }) => {
        metadata['inkling.version'] = String(modelFileVersion + 1);
        delete metadata['inkling.spec'];
      });
      await refuses(newer, 'incompatibleModel', /newer version of Inkling \(format 2\)\. Update/);
    });

    /** The file with matching checksums, as anyone who alters it on purpose would write it. */
    async function resealed(change: (header: Header, data: Buffer) => void): Promise<Buffer> {
      const { header, data } = await open(file);
      change(header, data);
      return Buffer.concat([sealed(header, data), data]);
    }

    it('an invalid field, by its name', async () => {
      const progress = { event: 'progress', step: 1, epoch: 0, seconds: 1, fraction: -1e9 };
      const cases: [key: string, value: unknown, message: RegExp][] = [
        ['kind', 'model', /"kind" must be one of language-model, classifier, not "model"/],
        ['title', {}, /"title" must be a text, not \{\}/],
        ['history', 'x', /"history" must be a list/],
        ['history', [progress], /"history\.0\.fraction" must be a number from 0 to 1, not -1000000000/],
        ['history', [{ event: 'party' }], /"history\.0\.event" must be one of start, progress/],
        ['results', { ...modelOf().results, steps: -1e9 }, /"results\.steps" must be a whole number from 0 on/],
        ['results', { ...modelOf().results, trainLoss: 'low' }, /"results\.trainLoss" must be a number/],
        ['provenance', { ...modelOf().provenance, files: 'x' }, /"provenance\.files" must be a list, not "x"/],
        ['provenance', { ...modelOf().provenance, created: 'once' }, /"provenance\.created" must be a date/],
        ['config', { ...modelOf().config, batch: 0 }, /"config" must be settings .*"batch" must be a whole number/],
        ['vocabulary', { unit: 'character', tokens: ['ab'] }, /"vocabulary" must be a vocabulary/],
        [
          'vocabulary',
          { unit: 'word', tokens: ['', '<OOV>', 'a', 'b', 'c', 'd', 'e'] },
          /"vocabulary\.unit" must be character/,
        ],
        ['vocabulary', { unit: 'character', tokens: ['a', 'b'] }, /"spec" must be the network of its settings and voc/],
        ['spec', { ...spec, layers: [{ units: '4', dropout: 0 }] }, /"spec\.layers\.0\.units" must be a whole number/],
        ['spec', { ...spec, layers: spec.layers.toReversed() }, /"spec" must be the network of its settings/],
        ['spec', { ...spec, cell: '__proto__' }, /"spec\.cell" must be one of lstm, gru, rnn/],
      ];
      for (const [key, value, message] of cases) {
        const changed = await resealed(({ metadata }) => (metadata[`inkling.${key}`] = JSON.stringify(value)));
        await refuses(changed, 'corruptModel', message);
        await fs.writeFile(file, whole);
      }
      const missing = await resealed(({ metadata }) => delete metadata['inkling.results']);
      await refuses(missing, 'corruptModel', /its "results" is missing/);
    });

    it('weights that are not finite', async () => {
      for (const value of [NaN, Infinity]) {
        const changed = await resealed((_, data) => void data.writeFloatLE(value, 40));
        await refuses(changed, 'corruptModel', /"rnn\.weight_ih_l0" holds numbers that are not finite/, false);
        await fs.writeFile(file, whole);
      }
    });

    it('tensors that overlap, leave a gap, or are duplicated', async () => {
      const { dataStart } = (await open(file)).header;
      const overlapping = await resealed(({ entries }) => {
        const entry = entries.get('rnn.weight_ih_l0')!;
        for (let i = 0; i < 2000; i++) entries.set(`extra.${i}`, entry);
      });
      await refuses(overlapping, 'corruptModel', /does not begin where the one before it ends/);
      await fs.writeFile(file, whole);
      const gap = await resealed(({ entries }) => entries.delete('rnn.bias_hh_l0'));
      await refuses(gap, 'corruptModel', /does not begin where the one before it ends/);
      const json = whole.toString('utf8', lengthBytes, dataStart);
      for (const [once, twice] of [
        ['"output.bias":', '"output.bias":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"output.bias":'],
        ['"format":"pt"', '"format":"p\\"t","form\\u0061t":"pt"'],
      ]) {
        const repeated = Buffer.from(json.replace(once, twice));
        const length = Buffer.alloc(lengthBytes);
        length.writeBigUInt64LE(BigInt(repeated.length));
        const data = whole.subarray(dataStart);
        await refuses(Buffer.concat([length, repeated, data]), 'corruptModel', /names "(output\.bias|format)" twice/);
      }
      await fs.writeFile(file, whole);
      const inside = await resealed(({ metadata }) => (metadata['inkling.checkpoint'] = '{"a":1,"a":2}'));
      await refuses(inside, 'corruptModel', /"inkling\.checkpoint" is not JSON of a model/);
    });

    it('a network that is larger than the tensors in the file, before allocating memory for it', async () => {
      const layers = Array.from({ length: 4 }, () => ({ units: 4096, dropout: 0 }));
      const config = { ...modelOf().config, network: { ...modelOf().config.network, layers } };
      const bomb = await resealed(({ metadata }) => {
        metadata['inkling.spec'] = JSON.stringify({ ...spec, layers });
        metadata['inkling.config'] = JSON.stringify(config);
      });
      await refuses(bomb, 'corruptModel', /"rnn\.weight_ih_l0" is \[16, 7\], not \[16384, 7\]/);
    });

    const headed = (json: string): Buffer => {
      const length = Buffer.alloc(lengthBytes);
      length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
      return Buffer.concat([length, Buffer.from(json)]);
    };

    it('a header that is not JSON, however long it is', async () => {
      for (const json of ['{"a"', '{"a":1}}', '{:1}', `{"${'a'.repeat(1e6)}"${':'.repeat(1e6)}`]) {
        await refuses(headed(json), 'corruptModel', /its header is damaged, or it is not a safetensors file/);
      }
    });

    it('more tensors than any network has', async () => {
      const empty = { dtype: 'F32', shape: [0], data_offsets: [0, 0] };
      const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`t${i}`, empty]));
      await refuses(headed(JSON.stringify(many)), 'corruptModel', /its header has too many entries/);
    });

    it('millions of nested lists, before allocating memory for them', async () => {
      const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
      const inside = await resealed(({ metadata }) => (metadata['inkling.checkpoint'] = nested(1000)));
      await refuses(inside, 'corruptModel', /"inkling\.checkpoint" is not JSON of a model/);
      await refuses(headed(`{"a":${nested(1e6)}}`), 'corruptModel', /its header is nested too deeply/);
      // Brackets in a text are none.
      await fs.writeFile(file, whole);
      const titled = await resealed(({ metadata }) => (metadata['inkling.title'] = JSON.stringify('['.repeat(99))));
      await fs.writeFile(file, titled);
      assert.equal((await readModelMetadata(file)).title, '['.repeat(99));
    });

    it('a pipe, which would never end', async function () {
      if (process.platform === 'win32') return this.skip();
      const pipe = path.join(folder, 'pipe');
      execFileSync('mkfifo', [pipe]);
      for (const read of [readModelFile, readModelMetadata]) {
        await assert.rejects(read(pipe), { code: 'invalidInput', message: /is not a file/ });
      }
    });

    it('a missing file, or a folder', async () => {
      for (const read of [readModelFile, readModelMetadata]) {
        await assert.rejects(read(path.join(folder, 'none')), { code: 'invalidInput', message: /no model file/ });
        await assert.rejects(read(folder), { code: 'invalidInput', message: /is a folder/ });
      }
    });
  });

  describe('when it cannot be written', () => {
    const realOpen = fs.open;
    afterEach(() => {
      fs.open = realOpen;
    });

    /** Makes the system fail with `code` when writing reaches `step`. */
    function failAt(step: 'open' | 'writeFile' | 'sync', code: string): void {
      fs.open = async (...parameters) => {
        const error = Object.assign(new Error(`${code}: simulated`), { code });
        if (step === 'open') throw error;
        const handle = await realOpen(...parameters);
        handle[step] = () => Promise.reject(error);
        return handle;
      };
    }

    for (const [step, code, message] of [
      ['writeFile', 'ENOSPC', /disk is full/],
      ['sync', 'ENOSPC', /disk is full/],
      ['writeFile', 'EDQUOT', /disk is full/],
      ['writeFile', 'EFBIG', /Choose another disk, or fewer units/],
      ['open', 'EROFS', /not read-only/],
      ['open', 'EACCES', /not read-only/],
    ] as const) {
      it(`${code} at ${step}: names the remedy, keeps the earlier file, leaves nothing behind`, async () => {
        await writeModelFile(file, modelOf());
        const earlier = await fs.readFile(file);
        failAt(step, code);
        const changed = { ...modelOf(), title: 'another' };
        await assert.rejects(writeModelFile(file, changed), { name: 'InklingError', code: 'invalidInput', message });
        fs.open = realOpen;
        assert.ok(earlier.equals(await fs.readFile(file)));
        assert.deepStrictEqual(await fs.readdir(folder), ['model.safetensors']);
      });
    }

    it('a missing folder, or one in the place of the file', async () => {
      await assert.rejects(writeModelFile(path.join(folder, 'none', 'model'), modelOf()), {
        code: 'invalidInput',
        message: /folder .*none does not exist/,
      });
      await fs.mkdir(file);
      await assert.rejects(writeModelFile(file, modelOf()), { code: 'invalidInput', message: /is a folder/ });
      assert.deepStrictEqual(await fs.readdir(folder), ['model.safetensors']);
    });
  });

  it('removes what a killed writer left long ago', async () => {
    const leftover = `${file}.${randomUUID()}.tmp`;
    await fs.writeFile(leftover, 'part');
    await fs.utimes(leftover, 0, 0);
    await writeModelFile(file, modelOf());
    assert.deepStrictEqual(await fs.readdir(folder), ['model.safetensors']);
  });

  it('is whole at every moment while two processes write it at once', async () => {
    const models = [modelOf(), { ...modelOf(), title: 'another' }];
    await Promise.all(models.flatMap((model) => [writeModelFile(file, model), writeModelFile(file, model)]));
    assert.ok(['another', modelOf().title].includes((await readModelFile(file)).title));
    assert.deepStrictEqual(await fs.readdir(folder), ['model.safetensors']);
  });
});
