/**
 * A chart as SVG markup, self-contained: the same string is shown on the page, saved as a file, and painted for the PNG.
 * Colours are passed in, because a saved file has no theme. No DOM.
 */
import { formatDuration } from '../../common/formats';
import { t } from '../../common/l10n';
import { extent, type ChartLine, type ChartModel } from './chartModel';
import { createScale, formatTick, linearTicks, logTicks, timeTicks, type Scale } from './scale';
import { bandPerPixel, linePerPixel, splitAtStepsBack, type BandPoint, type Point } from './series';

export interface ChartColours {
  text: string;
  muted: string;
  grid: string;
  /** In high contrast the grid uses the border colour, which must not be stronger than the curves. */
  gridOpacity: number;
  background: string;
  train: string;
  heldOut: string;
  best: string;
  guard: string;
  learningRate: string;
  overlays: string[];
  font: string;
}

export interface Plot {
  svg: string;
  /** Undefined for an empty chart. */
  x?: Scale;
  y?: Scale;
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** The names of the baselines, with their values, that have no place in the image. */
  unnamed: string[];
}

export interface PlotOptions {
  /** Unique on the page; ids inside the image are derived from it. */
  name: string;
  width: number;
  height: number;
  colours: ChartColours;
  /** x range of the chart above, so that both line up. */
  xDomain?: readonly [number, number];
  /** Whether the x axis has a label; left out where another chart follows below. */
  showX: boolean;
  /** For exports: a title, a caption and a legend inside the image. */
  caption?: { title: string; sentence: string };
}

const fontSize = 10;
/** Mean character width of a wide font, in font sizes; a stand-alone image cannot measure its text. */
const characterWidth = 0.6;

export function renderChart(model: ChartModel, options: PlotOptions): Plot {
  const { width, height, colours, caption } = options;
  const head = caption && exportHead(caption, model, options);
  // A chart below another one has its name above the plot, where no curve runs.
  const top = head ? head.height : options.showX ? 8 : fontSize + 8;
  const bottom = height - (options.showX ? 32 : 6);
  const bounds = extent(model);
  const open =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="${escape(colours.font)}" font-size="${fontSize}" fill="${colours.text}" aria-hidden="true">`;
  if (!bounds) return { svg: `${open}</svg>`, left: 0, right: width, top, bottom, unnamed: [] };

  const yDomain = bounds.y;
  const yTicks = (model.yScale === 'log' ? logTicks : linearTicks)(yDomain, Math.max(2, (bottom - top) / 30));
  const left = Math.ceil(Math.max(...yTicks.map((tick) => formatTick(tick).length), 2) * fontSize * 0.6) + 8;
  const right = width - 10;
  const x = createScale(model.xScale, options.xDomain ?? bounds.x, [left, right]);
  const y = createScale(model.yScale, yDomain, [bottom, top]);

  const parts: string[] = [open];
  if (head) parts.push(head.svg);
  parts.push(
    `<clipPath id="${options.name}-plot"><rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/></clipPath>`,
  );
  parts.push(axes(model, x, y, yTicks, options, { left, right, top, bottom }));
  parts.push(`<g clip-path="url(#${options.name}-plot)">`);
  if (model.band.length > 1) parts.push(bandPath(model.band, x, y, colours.train));
  for (const marker of model.markers) {
    if (marker.kind === 'best') continue;
    const colour = marker.kind === 'guard' ? colours.guard : colours.learningRate;
    const dash = marker.kind === 'guard' ? '' : ' stroke-dasharray="2 3"';
    parts.push(
      `<path d="M${fixed(x.place(marker.x))} ${top}V${bottom}" stroke="${colour}"${dash}>${title(marker.label)}</path>`,
    );
  }
  parts.push('</g>');
  // Below the curves, which no name may hide.
  const baselines = baselineMarks(model, x, y, colours, { left, right, top, bottom });
  parts.push(baselines.svg);
  parts.push(`<g clip-path="url(#${options.name}-plot)">`);
  for (const line of model.lines) parts.push(linePath(line, x, y, colours));
  parts.push('</g>');
  parts.push(markerSigns(model, x, y, colours, { top, bottom }));
  parts.push('</svg>');
  return { svg: parts.join(''), x, y, left, right, top, bottom, unnamed: baselines.unnamed };
}

export function lineColour(line: Pick<ChartLine, 'role' | 'overlay'>, colours: ChartColours): string {
  if (line.role === 'overlay') return colours.overlays[line.overlay % colours.overlays.length];
  return line.role === 'train' ? colours.train : colours.heldOut;
}

/** Once the colours run out, overlays differ by their dash patterns. */
function lineDash(line: Pick<ChartLine, 'role' | 'overlay'>, colours: ChartColours): string {
  if (line.role !== 'overlay') return '';
  return ['4 2', '1 2', '7 2 1 2'][Math.floor(line.overlay / colours.overlays.length) % 3];
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function axes(model: ChartModel, x: Scale, y: Scale, yTicks: number[], options: PlotOptions, box: Box): string {
  const { colours } = options;
  const parts: string[] = [];
  const grid = yTicks.map((tick) => `M${box.left} ${fixed(y.place(tick))}H${box.right}`).join('');
  parts.push(`<path d="${grid}" stroke="${colours.grid}" stroke-opacity="${colours.gridOpacity}"/>`);
  for (const tick of yTicks) {
    parts.push(
      `<text x="${box.left - 5}" y="${fixed(y.place(tick))}" dy="0.35em" text-anchor="end" fill="${colours.muted}">` +
        `${formatTick(tick)}</text>`,
    );
  }
  parts.push(`<path d="M${box.left} ${box.bottom}H${box.right}" stroke="${colours.muted}" stroke-opacity="0.6"/>`);
  if (!options.showX) {
    parts.push(`<text x="${box.left}" y="${box.top - 6}" fill="${colours.muted}">${escape(model.yName)}</text>`);
    return parts.join('');
  }
  const room = Math.max(2, (box.right - box.left) / 70);
  const time = model.xQuantity === 'seconds';
  const ticks = x.kind === 'log' ? logTicks(x.domain, room) : (time ? timeTicks : linearTicks)(x.domain, room);
  for (const tick of ticks) {
    const at = x.place(tick);
    // A label at the end would be cut off.
    const anchor = at > box.right - 12 ? 'end' : at < box.left + 6 ? 'start' : 'middle';
    parts.push(`<path d="M${fixed(at)} ${box.bottom}v3" stroke="${colours.muted}"/>`);
    parts.push(
      `<text x="${fixed(at)}" y="${box.bottom + 13}" text-anchor="${anchor}" fill="${colours.muted}">` +
        `${time ? formatDuration(tick) : formatTick(tick)}</text>`,
    );
  }
  const name = { seconds: t('training time'), step: t('steps'), epoch: t('epochs') }[model.xQuantity];
  parts.push(`<text x="${box.right}" y="${box.bottom + 26}" text-anchor="end" fill="${colours.muted}">${name}</text>`);
  return parts.join('');
}

function bandPath(points: readonly BandPoint[], x: Scale, y: Scale, colour: string): string {
  const shapes = splitAtStepsBack(points.filter((p) => Number.isFinite(x.place(p.x)))).map((stretch) => {
    const band = bandPerPixel(stretch, x.place);
    // A log axis has no place for a minimum of zero, so the band ends at the axis.
    const low = (p: BandPoint): number => (Number.isFinite(y.place(p.low)) ? y.place(p.low) : y.range[0]);
    const upper = band.map((p) => `${fixed(x.place(p.x))} ${fixed(y.place(p.high))}`);
    const lower = band.map((p) => `${fixed(x.place(p.x))} ${fixed(low(p))}`).reverse();
    return `M${upper.join('L')}L${lower.join('L')}Z`;
  });
  return `<path d="${shapes.join('')}" fill="${colour}" fill-opacity="0.18" stroke="none"/>`;
}

function linePath(line: ChartLine, x: Scale, y: Scale, colours: ChartColours): string {
  const colour = lineColour(line, colours);
  const placed = line.points.filter((p) => Number.isFinite(x.place(p.x)) && Number.isFinite(y.place(p.y)));
  if (placed.length === 0) return '';
  const d = splitAtStepsBack(placed)
    .map(
      (stretch) =>
        `M${linePerPixel(stretch, x.place)
          .map((p) => `${fixed(x.place(p.x))} ${fixed(y.place(p.y))}`)
          .join('L')}`,
    )
    .join('');
  const dash = lineDash(line, colours);
  const stroke = `stroke="${colour}" stroke-width="${line.role === 'heldOut' ? 2 : 1.5}"${dash ? ` stroke-dasharray="${dash}"` : ''}`;
  let path = `<path d="${d}" fill="none" ${stroke} stroke-linejoin="round" stroke-linecap="round"/>`;
  // With few measurements, each one is drawn as a dot.
  if (line.role === 'heldOut' ? placed.length <= 60 : placed.length === 1) {
    for (const p of placed)
      path += `<circle cx="${fixed(x.place(p.x))}" cy="${fixed(y.place(p.y))}" r="2.2" fill="${colour}"/>`;
  }
  return path;
}

/**
 * Dashed baselines with their names, moved apart where they would overlap, and to where no line runs; `unnamed` are the
 * names for which there is no such place. One above the plot is named at its top, with an arrow, unless another one is
 * drawn there, whose name it would seem to be.
 */
function baselineMarks(
  model: ChartModel,
  x: Scale,
  y: Scale,
  colours: ChartColours,
  box: Box,
): { svg: string; unnamed: string[] } {
  const curves = model.lines.map(({ points }) =>
    linePerPixel(points, x.place).map((p) => ({ x: x.place(p.x), y: y.place(p.y) })),
  );
  const labels = model.baselines
    .map(({ label, y: value }) => {
      const line = y.place(value);
      const isAbove = line < box.top - 1;
      return { text: `${isAbove ? '↑ ' : ''}${label} ${formatTick(value)}`, line, isAbove, at: line - 3 };
    })
    .filter(({ line }) => Number.isFinite(line))
    .sort((a, b) => a.line - b.line);
  for (const isAbove of [true, false]) {
    let least = box.top + fontSize - 2;
    for (const label of labels.filter((each) => each.isAbove === isAbove)) {
      label.at = Math.max(label.at, least);
      least = label.at + fontSize + 1;
    }
  }
  // Drawn after all of the lines, which would otherwise strike the names out.
  const lines = labels
    .filter(({ isAbove }) => !isAbove)
    .map(({ line }) => {
      const d = `M${box.left} ${fixed(line)}H${box.right}`;
      return `<path d="${d}" stroke="${colours.muted}" stroke-dasharray="5 4" stroke-opacity="0.8"/>`;
    });
  const unnamed: string[] = [];
  // A name that was moved down may have come upon a baseline, which is as wide as the plot.
  const isStruckOut = (at: number, room: number): boolean =>
    labels.some(({ line, isAbove }) => !isAbove && line > at - fontSize && line < at + room);
  const names = labels.map(({ text, at, isAbove }) => {
    const end = isStruckOut(at, isAbove ? 2 * fontSize : 3)
      ? undefined
      : freeEnd(curves, text.length * fontSize * characterWidth, at, box);
    if (end === undefined) {
      unnamed.push(text);
      return '';
    }
    return (
      `<text x="${fixed(end)}" y="${fixed(at)}" text-anchor="end" fill="${colours.muted}" stroke="${colours.background}" ` +
      `stroke-width="3" paint-order="stroke">${escape(text)}</text>`
    );
  });
  return { svg: [...lines, ...names].join(''), unnamed };
}

/**
 * The right end of a text of this width on the base line `at`: as far to the right as no curve runs through the text.
 * Undefined if there is no such place in the box.
 */
function freeEnd(curves: readonly (readonly Point[])[], width: number, at: number, box: Box): number | undefined {
  if (at > box.bottom) return undefined;
  const [top, bottom] = [at - fontSize, at + 3];
  const isFree = (end: number): boolean =>
    curves.every((curve) =>
      curve.every((point, i) => {
        const next = curve[i + 1] ?? point;
        if (next.x < end - width || point.x > end) return true;
        return Math.max(point.y, next.y) < top || Math.min(point.y, next.y) > bottom;
      }),
    );
  for (let end = box.right - 2; end - width >= box.left; end -= width / 4) if (isFree(end)) return end;
  return undefined;
}

function markerSigns(
  model: ChartModel,
  x: Scale,
  y: Scale,
  colours: ChartColours,
  box: { top: number; bottom: number },
): string {
  return model.markers
    .map((marker) => {
      const at = x.place(marker.x);
      if (!Number.isFinite(at)) return '';
      const hint = title(marker.label);
      if (marker.kind === 'guard') {
        return `<path d="M${fixed(at - 4)} ${box.top}h8l-4 7z" fill="${colours.guard}">${hint}</path>`;
      }
      if (marker.kind === 'learning-rate') {
        return `<path d="M${fixed(at - 3)} ${box.bottom}h6l-3 -5z" fill="${colours.learningRate}">${hint}</path>`;
      }
      const height = marker.y === undefined ? Number.NaN : y.place(marker.y);
      if (!Number.isFinite(height)) return '';
      return `<circle cx="${fixed(at)}" cy="${fixed(height)}" r="5" fill="none" stroke="${colours.best}" stroke-width="2">${hint}</circle>`;
    })
    .join('');
}

/** Background, title, sentence and legend, each on as many lines as it needs; `height` is where the plot may begin. */
function exportHead(
  { title: name, sentence }: { title: string; sentence: string },
  model: ChartModel,
  { width, height, colours }: PlotOptions,
): { svg: string; height: number } {
  const margin = 10;
  const rowHeight = 16;
  const room = width - 2 * margin;
  let at = 18;
  const parts = [
    `<rect width="${width}" height="${height}" fill="${colours.background}"/>`,
    `<text x="${margin}" y="${at}" font-size="13" font-weight="600">${escape(name)}</text>`,
  ];
  for (const line of wrapWords(sentence, Math.floor(room / (11 * characterWidth)))) {
    at += rowHeight;
    parts.push(`<text x="${margin}" y="${at}" font-size="11">${escape(line)}</text>`);
  }
  at += rowHeight + 4;
  let x = margin;
  for (const { sign, label } of exportLegend(model, colours)) {
    const itemWidth = (sign === '' ? 16 : 36) + label.length * fontSize * characterWidth;
    if (x > margin && x + itemWidth > width - margin) {
      x = margin;
      at += rowHeight;
    }
    const text = `<text x="${sign === '' ? 0 : 20}" y="3" fill="${colours.muted}">${escape(label)}</text>`;
    parts.push(`<g transform="translate(${fixed(x)} ${at - 3})">${sign}${text}</g>`);
    x += itemWidth;
  }
  return { svg: parts.join(''), height: at + 12 };
}

/** Legend entries, each with a symbol 16 wide and centred on its line; the y axis name comes last, without a symbol. */
function exportLegend(model: ChartModel, colours: ChartColours): { sign: string; label: string }[] {
  const lines = model.lines.filter((line) => line.points.length > 0).reverse();
  const items = lines.map((line) => {
    const dash = lineDash(line, colours);
    const dashes = dash ? ` stroke-dasharray="${dash}"` : '';
    const sign = `<path d="M0 0h16" stroke="${lineColour(line, colours)}" stroke-width="2"${dashes}/>`;
    return { sign, label: line.label };
  });
  if (model.band.length > 1) {
    const sign = `<rect y="-4" width="16" height="8" fill="${colours.train}" fill-opacity="0.18"/>`;
    items.push({ sign, label: t('lowest–highest batch') });
  }
  if (model.markers.some(({ kind }) => kind === 'best')) {
    const sign = `<circle cx="9" r="4" fill="none" stroke="${colours.best}" stroke-width="2"/>`;
    items.push({ sign, label: t('best checkpoint') });
  }
  items.push({ sign: '', label: model.yName });
  return items;
}

/** Wraps to lines of at most `length` characters; a longer word gets its own line. */
function wrapWords(text: string, length: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + 1 + word.length <= length) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

function title(text: string): string {
  return `<title>${escape(text)}</title>`;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] as string);
}
