import assert from 'node:assert/strict';
import { emptyHistory, foldEvents } from '../../../src/common/runHistory';
import { defaultSettings } from '../../../src/common/studioProtocol';
import { Random } from '../../../src/engine/random';
import {
  buildAccuracyChart,
  buildGradientChart,
  buildLossChart,
  extent,
  readingPlaces,
  readOut,
  type ChartInput,
} from '../../../src/webview/chart/chartModel';
import { opaque } from '../../../src/webview/chart/colour';
import { historyToCsv } from '../../../src/webview/chart/csv';
import { renderChart, type ChartColours } from '../../../src/webview/chart/renderChart';
import { createScale, formatTick, linearTicks, logTicks, timeTicks } from '../../../src/webview/chart/scale';
import { bandPerPixel, linePerPixel, nearest, smooth, splitAtStepsBack } from '../../../src/webview/chart/series';
import { fakeRun, startEvent } from '../../support/studioHarness/fakePorts';

const colours: ChartColours = {
  text: '#111',
  muted: '#222',
  grid: '#333',
  gridOpacity: 1,
  background: '#444',
  train: '#555',
  heldOut: '#666',
  best: '#777',
  guard: '#888',
  learningRate: '#999',
  overlays: ['#aaa', '#bbb'],
  font: 'sans-serif',
};

const input = (part: Partial<ChartInput> = {}): ChartInput => ({
  history: foldEvents(fakeRun({ steps: 1500, seed: 3, floor: 1.5, guardAt: 900, done: true })),
  settings: { ...defaultSettings.training, unit: 'nats' },
  baselines: { heldOutCharacters: 1, gzip: 3, brotli: 2.9, ppm: 2.2, markov: { order: 4, bitsPerCharacter: 2.4 } },
  overlays: [],
  ...part,
});

describe('chart: axes', () => {
  it('converts values to positions and back', () => {
    for (const kind of ['linear', 'log'] as const) {
      const scale = createScale(kind, [0.5, 200], [100, 0]);
      assert.equal(Math.round(scale.place(0.5)), 100);
      assert.equal(Math.round(scale.place(200)), 0);
      assert.ok(Math.abs(scale.value(scale.place(17)) - 17) < 1e-9, kind);
    }
    assert.ok(Number.isNaN(createScale('log', [1, 2], [0, 1]).place(0)));
  });

  it('puts labels at round values', () => {
    assert.deepEqual(linearTicks([0, 1], 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
    assert.deepEqual(linearTicks([1.18, 3.72], 4), [2, 3]);
    assert.deepEqual(linearTicks([-3, 7], 4), [0, 5]);
    assert.deepEqual(linearTicks([2, 2], 4), [2]);
    assert.deepEqual(logTicks([1, 1000], 10), [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
    assert.deepEqual(logTicks([1, 1e6], 4), [1, 100, 10000, 1000000]);
    assert.deepEqual(logTicks([1.2, 3.9], 4), [2, 3]);
    assert.deepEqual(logTicks([0, 5], 4), []);
    assert.deepEqual(timeTicks([0, 200], 5), [0, 60, 120, 180]);
  });

  it('never has more labels than fit', () => {
    const random = new Random(11);
    for (let i = 0; i < 500; i++) {
      const low = 10 ** (8 * random.uniform() - 4);
      const high = low * (1 + 10 ** (6 * random.uniform() - 3));
      const count = 2 + random.integer(8);
      for (const ticks of [linearTicks([low, high], count), logTicks([low, high], count)]) {
        assert.ok(ticks.length <= count * 2 + 1, `${low} ${high} ${count}: ${ticks}`);
        for (const tick of ticks) assert.ok(tick >= low * 0.999 && tick <= high * 1.001);
      }
    }
  });

  it('writes short labels', () => {
    assert.deepEqual([0, 0.25, 2.5, 1500, 15000, 2500000, 0.00125].map(formatTick), [
      '0',
      '0.25',
      '2.5',
      '1500',
      '15k',
      '2.5M',
      '0.0013',
    ]);
  });
});

describe('chart: series', () => {
  it('smooths with bias correction', () => {
    const values = [4, 2, 0].map((y) => ({ y, merged: 1 }));
    assert.deepEqual(smooth(values, 0), [4, 2, 0]);
    const [first, second] = smooth(values, 0.9);
    assert.ok(Math.abs(first - 4) < 1e-12, 'the first is not pulled to zero');
    assert.ok(Math.abs(second - (0.9 * 4 + 2) / 1.9) < 1e-12);
    assert.ok(smooth(Array(50).fill({ y: 3, merged: 1 }), 0.97).every((y) => Math.abs(y - 3) < 1e-9));
  });

  it('smooths merged points according to their weight', () => {
    const single = smooth(
      [1, 1, 1, 1, 5, 5, 5, 5].map((y) => ({ y, merged: 1 })),
      0.8,
    );
    const merged = smooth(
      [1, 5].map((y) => ({ y, merged: 4 })),
      0.8,
    );
    assert.ok(Math.abs(single[7] - merged[1]) < 1e-12);
  });

  it('skips what is not a number', () => {
    const smoothed = smooth(
      [2, NaN, 2].map((y) => ({ y, merged: 1 })),
      0.5,
    );
    assert.ok(Number.isNaN(smoothed[1]));
    assert.equal(smoothed[2], 2);
  });

  it('keeps the true band when many points share a pixel', () => {
    const random = new Random(7);
    const points = Array.from({ length: 5000 }, (_, x) => ({ x, low: -random.uniform(), high: random.uniform() }));
    const band = bandPerPixel(points, (x) => x / 50);
    assert.ok(band.length <= 101);
    assert.equal(Math.min(...band.map((p) => p.low)), Math.min(...points.map((p) => p.low)));
    assert.equal(Math.max(...band.map((p) => p.high)), Math.max(...points.map((p) => p.high)));
    assert.notEqual(band[0], points[0], 'the data itself is left as it was');
  });

  it('keeps peaks when it draws fewer points', () => {
    const points = Array.from({ length: 3000 }, (_, x) => ({ x, y: x === 1234 ? 99 : x % 7 }));
    const line = linePerPixel(points, (x) => x / 30);
    assert.ok(line.length <= 101 * 4);
    assert.ok(line.some((p) => p.y === 99));
    assert.ok(
      line.every((p, i) => i === 0 || p.x > line[i - 1].x),
      'in order',
    );
  });

  it('splits where a run was reset', () => {
    const stretches = splitAtStepsBack([1, 2, 3, 2, 3].map((x) => ({ x })));
    assert.deepEqual(
      stretches.map((s) => s.length),
      [3, 2],
    );
  });

  it('finds the nearest', () => {
    assert.equal(nearest([], 1), -1);
    assert.equal(
      nearest(
        [1, 5, 9].map((x) => ({ x })),
        6.9,
      ),
      1,
    );
  });
});

describe('chart: what lies over what', () => {
  const history = foldEvents(fakeRun({ steps: 800, seed: 4, floor: 1.3, done: true }));

  it('keeps the smoothed line within its band', () => {
    for (const smoothing of [0, 0.6, 0.99]) {
      const { lines, band } = buildLossChart(input({ history, settings: { ...defaultSettings.training, smoothing } }));
      const train = lines.find(({ role }) => role === 'train') ?? assert.fail();
      assert.equal(train.points.length, band.length);
      train.points.forEach(({ y }, i) => {
        assert.ok(y >= band[i].low - 1e-9 && y <= band[i].high + 1e-9, `smoothing ${smoothing}, point ${i}`);
      });
    }
  });

  it('writes the name of a baseline where no curve runs', () => {
    const model = buildLossChart(input({ history }));
    const heldOut = model.lines.find(({ role }) => role === 'heldOut') ?? assert.fail();
    const last = heldOut.points.at(-1) ?? assert.fail();
    // A baseline exactly where the curve ends.
    const { svg, x, y } = renderChart(
      { ...model, baselines: [{ label: 'Markov', y: last.y }] },
      { name: 'test', width: 600, height: 300, colours, showX: true },
    );
    const [, end] = /<text x="([\d.]+)"[^>]*>Markov/.exec(svg) ?? assert.fail();
    const curveAt = heldOut.points.filter((point) => Math.abs((y?.place(point.y) ?? 0) - (y?.place(last.y) ?? 0)) < 6);
    const nearestLeft = Math.min(...curveAt.map((point) => x?.place(point.x) ?? 0));
    assert.ok(Number(end) < nearestLeft, `${end} is not left of ${nearestLeft}`);
  });

  it('leaves out the name of a baseline that another baseline would strike out', () => {
    const model = buildLossChart(input({ history }));
    const named = (second: number): string[] =>
      renderChart(
        {
          ...model,
          baselines: [
            { label: 'PPM', y: 3 },
            { label: 'Markov', y: second },
          ],
        },
        { name: 'test', width: 600, height: 300, colours, showX: true },
      ).unnamed;
    assert.deepEqual(named(2), []);
    assert.deepEqual(named(2.95), ['Markov 2.95']);
  });

  it('draws the curves over the names of baselines', () => {
    const model = buildLossChart(input({ history }));
    const { svg } = renderChart(model, { name: 'test', width: 200, height: 200, colours, showX: true });
    assert.ok(svg.lastIndexOf('</text>') < svg.indexOf(`stroke="${colours.heldOut}"`));
  });

  it('gives the curves their height where they run far below a baseline, and names that at the top', () => {
    const model = buildLossChart(input({ history }));
    const at = (y: number): ReturnType<typeof renderChart> =>
      renderChart(
        { ...model, baselines: [{ label: 'gzip', y }] },
        { name: 'test', width: 600, height: 300, colours, showX: true },
      );
    const [low, high] = extent({ ...model, baselines: [] })?.y ?? assert.fail();
    const near = at(high + 0.5 * (high - low));
    assert.ok(!near.svg.includes('↑') && near.svg.includes('stroke-dasharray="5 4"'));
    const far = at(high + 2 * (high - low));
    assert.ok(far.svg.includes('>↑ gzip ') && !far.svg.includes('stroke-dasharray="5 4"'));
    assert.deepEqual(far.y?.domain, [low, high]);
    const baselines = [
      { label: 'gzip', y: high + 2 * (high - low) },
      { label: 'PPM', y: high },
    ];
    const both = renderChart({ ...model, baselines }, { name: 'test', width: 600, height: 300, colours, showX: true });
    assert.ok(both.unnamed[0].startsWith('↑ gzip '), 'it would seem to name the line of the other one');
    assert.ok(at(low / 2).svg.includes('stroke-dasharray="5 4"'));
  });
});

describe('chart: colours', () => {
  it('draws lines without transparency', () => {
    const drawn = ['#ea5c0055', '#abcd', 'rgba(234, 92, 0, 0.33)', '#d18616', 'rgb(1, 2, 3)', 'gray'].map(opaque);
    assert.deepEqual(drawn, ['#ea5c00', '#abc', 'rgb(234, 92, 0)', '#d18616', 'rgb(1, 2, 3)', 'gray']);
  });
});

describe('chart: model and picture', () => {
  it('marks the guard and the best checkpoint', () => {
    const { markers } = buildLossChart(input());
    assert.deepEqual(markers.map((m) => m.kind).sort(), ['best', 'guard']);
    assert.equal(markers.find((m) => m.kind === 'guard')?.x, 900);
  });

  it('draws baselines in the chosen unit, or not at all', () => {
    const inNats = buildLossChart(input()).baselines;
    assert.ok(Math.abs(inNats[0].y - 3 * Math.LN2) < 1e-9);
    const inBits = buildLossChart(input({ settings: { ...defaultSettings.training, unit: 'bits' } })).baselines;
    assert.deepEqual(
      inBits.map((b) => b.label),
      ['gzip, online', 'brotli, online', 'PPM, online', 'Markov order 4, static'],
    );
    assert.ok(Math.abs(inBits[3].y - 2.4) < 1e-9);
    const off = buildLossChart(input({ settings: { ...defaultSettings.training, showBaselines: false } }));
    assert.deepEqual(off.baselines, []);
  });

  it('draws earlier runs behind, by their held-out loss', () => {
    const earlier = foldEvents(fakeRun({ steps: 500, seed: 9, floor: 2, done: true }));
    const model = buildLossChart(input({ overlays: [{ title: 'Earlier', history: earlier }] }));
    assert.deepEqual(
      model.lines.map((l) => l.role),
      ['overlay', 'train', 'heldOut'],
    );
    assert.equal(model.lines[0].label, 'Earlier, held out');
    assert.equal(model.lines[0].points.length, 3);
  });

  it('reads out what is nearest, with the spread of the batches', () => {
    const model = buildLossChart(input());
    const reading = readOut(model, 700);
    assert.equal(reading?.x, 700);
    assert.deepEqual(
      reading?.rows.map((r) => r.role),
      ['heldOut', 'train'],
    );
    const train = reading?.rows[1];
    assert.ok(train && train.low !== undefined && train.high !== undefined && train.low < train.high);
    const places = readingPlaces(model);
    assert.ok(places.length > 300 && places.every((x, i) => i === 0 || x > places[i - 1]));
  });

  it('has nothing to draw before the first figures', () => {
    const model = buildLossChart(input({ history: emptyHistory() }));
    assert.equal(extent(model), undefined);
    assert.equal(readOut(model, 1), undefined);
    const { svg, x } = renderChart(model, { name: 'a', width: 300, height: 200, colours, showX: true });
    assert.equal(x, undefined);
    assert.match(svg, /^<svg [^>]*><\/svg>$/);
  });

  it('draws every combination of axes and units without a stray number', () => {
    for (const unit of ['nats', 'bits', 'perplexity'] as const) {
      for (const xQuantity of ['step', 'epoch', 'seconds'] as const) {
        for (const scales of ['linear', 'log'] as const) {
          const settings = { ...defaultSettings.training, unit, xQuantity, xScale: scales, yScale: scales };
          const { svg } = renderChart(buildLossChart(input({ settings })), {
            name: 'a',
            width: 240,
            height: 180,
            colours,
            showX: true,
          });
          assert.doesNotMatch(svg, /NaN|Infinity|undefined/, `${unit} ${xQuantity} ${scales}`);
          assert.ok(svg.length < 60_000, `${svg.length} characters`);
        }
      }
    }
    const { svg } = renderChart(buildAccuracyChart(input()), {
      name: 'b',
      width: 240,
      height: 80,
      colours,
      showX: false,
    });
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  });

  it('draws the norm of the gradient before and after clipping', () => {
    const events = fakeRun({ steps: 200, seed: 1, floor: 1, done: false }).map((e) =>
      e.event === 'progress' ? { ...e, gradientNorm: 8, clippedNorm: e.step > 100 ? 5 : undefined } : e,
    );
    const [before, after] = buildGradientChart(input({ history: foldEvents(events) })).lines;
    assert.deepEqual([before.label, after.label], ['before clipping', 'after clipping']);
    assert.ok(before.points.length > after.points.length && before.points.every(({ y }) => y === 8));
    assert.ok(after.points.length > 0 && after.points.every(({ x, y }) => x > 100 && y === 5));
  });

  it('survives a loss that is not a number', () => {
    const events = fakeRun({ steps: 200, seed: 1, floor: 1, done: false }).map((e) =>
      e.event === 'progress' && e.step > 100 ? { ...e, trainLoss: NaN, minimumLoss: NaN, maximumLoss: Infinity } : e,
    );
    const model = buildLossChart(input({ history: foldEvents(events) }));
    const { svg } = renderChart(model, { name: 'a', width: 240, height: 180, colours, showX: true });
    assert.doesNotMatch(svg, /NaN|Infinity/);
  });

  it('adds caption and legend to a saved picture, escaped', () => {
    const sentence = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ');
    const caption = { title: 'Tom & <Jerry>', sentence };
    const options = { name: 's', width: 500, height: 400, colours, showX: true, caption };
    const { svg, top, bottom } = renderChart(buildLossChart(input()), options);
    assert.match(svg, /Tom &amp; &lt;Jerry&gt;/);
    for (const label of ['held out', 'lowest–highest batch', 'best checkpoint', 'nats per character']) {
      assert.ok(svg.includes(`>${label}<`), label);
    }
    // The sentence is complete, on lines that fit into the picture, above the plot.
    const lines = [...svg.matchAll(/y="(\d+)" font-size="11">([^<]*)</g)];
    assert.equal(lines.map(([, , line]) => line).join(' '), sentence);
    assert.ok(lines.length > 3 && lines.every(([, , line]) => line.length * 11 * 0.5 < 500));
    assert.ok(Number(lines.at(-1)?.[1]) < top && top < bottom - 100);
  });

  it('writes a table with the same number of columns in every row', () => {
    const history = foldEvents([startEvent(), ...fakeRun({ steps: 264, seed: 1, floor: 1, done: true }).slice(1)]);
    const lines = historyToCsv(history).trimEnd().split('\r\n');
    assert.equal(lines.length, 1 + 66 + 2);
    const columns = lines[0].split(',').length;
    assert.ok(lines.every((line) => line.split(',').length === columns));
    assert.match(lines[34], /^evaluation,132,1,|^progress,132,/);
  });
});
