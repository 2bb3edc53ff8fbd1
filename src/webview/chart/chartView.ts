/**
 * The chart on the page: draws it, shows a read-out at the pointer or the arrow keys' position, and exports it as an
 * image. Redrawn when the width or the theme changes.
 */
import { formatNumber } from '../../common/formats';
import { t } from '../../common/l10n';
import { h, setText, show } from '../dom';
import { opaque } from './colour';
import { readingPlaces, readOut, type ChartModel } from './chartModel';
import { lineColour, renderChart, type ChartColours, type Plot } from './renderChart';
import { formatTick } from './scale';

export interface ChartContent {
  loss: ChartModel;
  /** Lower charts over the same x axis; `label` names a line in the read-out. */
  below: { name: string; model: ChartModel; label(line: string): string }[];
  /** "step 1,200 · epoch 3.1 · 40 s" for a place on the x axis. */
  headline(x: number): string;
}

export class ChartView {
  readonly element: HTMLElement;
  private readonly lossPlot = h('div', { class: 'plot' });
  private readonly below = h('div');
  /** The baselines whose names have no place in the plot. */
  private readonly unnamed = h('p', { class: 'muted small', hidden: true });
  private readonly cursor = h('div', { class: 'chart-cursor', hidden: true });
  private readonly box = h('div', { class: 'read-out', hidden: true, 'aria-hidden': 'true' });
  private readonly live = h('div', { class: 'visually-hidden', 'aria-live': 'polite' });
  private content: ChartContent | undefined;
  private plot: Plot | undefined;
  private drawnWidth = 0;
  /** The cursor's position in data coordinates, so that it stays put while the curves grow. */
  private at: number | undefined;

  constructor() {
    this.element = h(
      'div',
      {
        class: 'chart',
        tabindex: 0,
        role: 'group',
        'aria-label': t('Loss curves. Left and right arrow keys read the values.'),
        onpointermove: (event) => this.follow(event as PointerEvent),
        onpointerleave: () => this.moveTo(undefined, false),
        onkeydown: (event) => this.key(event as KeyboardEvent),
        onblur: () => this.moveTo(undefined, false),
      },
      this.lossPlot,
      this.below,
      this.unnamed,
      this.cursor,
      this.box,
      this.live,
    );
    // Drawing changes the height, if names move below the plot: only a new width needs another drawing.
    new ResizeObserver(() => {
      if (this.width !== this.drawnWidth) this.redraw();
    }).observe(this.element);
    onThemeChange(() => this.redraw());
  }

  draw(content: ChartContent): void {
    this.content = content;
    this.redraw();
  }

  /** The loss chart as a stand-alone file, with caption and legend. */
  picture(caption: { title: string; sentence: string }, width: number, height: number): string {
    if (!this.content) return '';
    return renderChart(this.content.loss, {
      name: 'saved',
      width,
      height,
      colours: themeColours(),
      showX: true,
      caption,
    }).svg;
  }

  private get width(): number {
    return Math.floor(this.element.clientWidth);
  }

  private redraw(): void {
    const { content, width } = this;
    this.drawnWidth = width;
    if (!content || width === 0) return;
    const colours = themeColours();
    const height = Math.round(Math.min(320, Math.max(190, width * 0.55)));
    const loss = renderChart(content.loss, { name: 'loss', width, height, colours, showX: true });
    this.lossPlot.innerHTML = loss.svg;
    const xDomain = loss.x?.domain;
    const plots = content.below.map(({ name, model }) => {
      const plot = h('div', { class: 'plot' });
      plot.innerHTML = renderChart(model, { name, width, height: 92, colours, showX: false, xDomain }).svg;
      return plot;
    });
    this.below.replaceChildren(...plots);
    show(this.unnamed, loss.unnamed.length > 0);
    setText(this.unnamed, t('Also compared: {0}', loss.unnamed.join(' · ')));
    this.plot = loss;
    this.showCursor(colours);
  }

  private follow(event: PointerEvent): void {
    const { plot } = this;
    if (!plot?.x) return;
    const pixel = event.clientX - this.element.getBoundingClientRect().left;
    this.moveTo(pixel >= plot.left && pixel <= plot.right ? plot.x.value(pixel) : undefined, false);
  }

  private key(event: KeyboardEvent): void {
    if (!this.content) return;
    const places = readingPlaces(this.content.loss);
    if (places.length === 0) return;
    const now = this.at === undefined ? places.length - 1 : lowerBound(places, this.at);
    // A long run has thousands of readings, so with Shift an arrow key skips a twentieth of them.
    const stride = event.shiftKey ? Math.max(1, Math.round(places.length / 20)) : 1;
    const next = { ArrowLeft: now - stride, ArrowRight: now + stride, Home: 0, End: places.length - 1 }[event.key];
    if (event.key === 'Escape') this.moveTo(undefined, false);
    if (next === undefined) return;
    event.preventDefault();
    this.moveTo(places[Math.min(places.length - 1, Math.max(0, this.at === undefined ? now : next))], true);
  }

  private moveTo(x: number | undefined, aloud: boolean): void {
    this.at = x;
    this.showCursor(themeColours());
    if (aloud) setText(this.live, (this.box.textContent ?? '').trim());
  }

  /** The cursor line extends through the charts below where there are any. */
  private cursorEnd(plot: Plot): number {
    const { clientHeight } = this.below;
    return clientHeight === 0 ? plot.bottom : this.lossPlot.clientHeight + clientHeight - 6;
  }

  private showCursor(colours: ChartColours): void {
    const { content, plot, at } = this;
    const reading = content && at !== undefined ? readOut(content.loss, at) : undefined;
    show(this.cursor, reading !== undefined);
    show(this.box, reading !== undefined);
    if (!content || !plot?.x || !reading) return;
    const pixel = plot.x.place(reading.x);
    this.cursor.style.left = `${pixel}px`;
    this.cursor.style.top = `${plot.top}px`;
    this.cursor.style.height = `${this.cursorEnd(plot) - plot.top}px`;
    const lower = content.below.flatMap(({ model, label }) =>
      (readOut(model, reading.x)?.rows ?? []).map((row) => ({ ...row, label: label(row.label) })),
    );
    const rows = [...reading.rows, ...lower].map((row) => {
      const swatch = h('i', { class: 'swatch' });
      swatch.style.background = lineColour(row, colours);
      const spread =
        row.low !== undefined && row.high !== undefined
          ? ` (${formatTick(round(row.low))}–${formatTick(round(row.high))})`
          : '';
      return h('div', {}, swatch, ` ${row.label} `, h('b', {}, formatNumber(round(row.y))), spread, pause());
    });
    this.box.replaceChildren(h('div', { class: 'muted' }, content.headline(reading.x), pause()), ...rows);
    const width = this.box.offsetWidth;
    const right = pixel + 10 + width <= this.element.clientWidth;
    this.box.style.left = `${Math.max(0, right ? pixel + 10 : pixel - 10 - width)}px`;
    this.box.style.top = `${plot.top}px`;
  }
}

/** The image as PNG at twice the displayed resolution, base64 without the data URL prefix. */
export async function paintPng(svg: string, width: number, height: number): Promise<string> {
  const image = new Image(width, height);
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = h('canvas', { width: width * 2, height: height * 2 });
  const context = canvas.getContext('2d');
  if (!context) throw new Error(t('This editor cannot create images; save the chart as SVG instead.'));
  context.scale(2, 2);
  context.drawImage(image, 0, 0, width, height);
  return canvas.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}

/** A theme change shows up as changed variables on the root element and a changed body class. */
export function onThemeChange(listener: () => void): void {
  const themes = new MutationObserver(listener);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  themes.observe(document.body, { attributes: true, attributeFilter: ['class'] });
}

/** The theme's colours by their values. */
export function themeColours(): ChartColours {
  const style = getComputedStyle(document.documentElement);
  const colour = (...names: string[]): string =>
    names.map((name) => style.getPropertyValue(`--vscode-${name}`).trim()).find((value) => value !== '') ?? 'gray';
  const line = (name: string): string => opaque(colour(`charts-${name}`));
  const foreground = colour('foreground', 'editor-foreground');
  return {
    text: foreground,
    muted: colour('descriptionForeground', 'foreground'),
    grid: colour('chart-guide', 'widget-border', 'editorWidget-border', 'contrastBorder'),
    gridOpacity: document.body.matches('.vscode-high-contrast, .vscode-high-contrast-light') ? 0.35 : 1,
    background: colour('sideBar-background', 'editor-background'),
    train: line('blue'),
    heldOut: opaque(style.getPropertyValue('--orange').trim()),
    best: line('green'),
    guard: line('red'),
    learningRate: line('yellow'),
    overlays: [line('purple'), line('green'), line('yellow'), line('red')],
    font: style.getPropertyValue('--vscode-font-family').trim() || 'sans-serif',
  };
}

/** For screen readers: read out, not shown. */
function pause(): HTMLElement {
  return h('span', { class: 'visually-hidden' }, '. ');
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function lowerBound(sorted: readonly number[], value: number): number {
  const at = sorted.findIndex((candidate) => candidate >= value);
  return at < 0 ? sorted.length - 1 : at;
}
