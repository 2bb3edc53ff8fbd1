/**
 * The network of a run and what it reads: its layers as a table, a drawing, one training example, and the tokens of a
 * text. Requested when it is opened, because the host has to read the text for it.
 */
import type { Inside } from '../common/engineProtocol';
import { formatInteger, t } from '../common/l10n';
import { layerShape } from '../common/layerShape';
import {
  drawingViews,
  drawNetwork,
  lightColours,
  type DrawingColours,
  type DrawingView,
} from '../common/networkDrawing';
import { themeColours } from './chart/chartView';
import { atMostEvery, h, scrollable, setText, show } from './dom';
import { button, choice, numberField, textField } from './toolkit';
import { visibleToken } from './wall/tokenText';

const askMs = 300;
/** The least size of the drawing, of its own; its text has 13 px. */
const leastScale = 0.7;

interface Actions {
  ask(at: number, text: string): void;
  save(svg: string): void;
}

export class InsideView {
  readonly element: HTMLDetailsElement;
  private inside: Inside | undefined;
  private runId: string | undefined;
  private view: DrawingView = 'unrolled';
  private at = 0;
  private text = '';
  private readonly problem = h('p', { class: 'failure', hidden: true });
  private readonly body = h('div', { class: 'stack', hidden: true });
  private readonly layers = h('tbody');
  private readonly total = h('p', { class: 'muted small' });
  private readonly drawing = scrollable('drawing', t('Drawing of the network'));
  private readonly example = h('dl', { class: 'example' });
  private readonly tokens = h('tbody');
  private readonly askSoon = atMostEvery(askMs, () => this.ask());
  private readonly viewChoice = choice<DrawingView>(
    t('Drawing'),
    (view) => {
      this.view = view;
      this.draw();
    },
    drawingViews.map((value) => ({ value, label: viewName(value) })),
  );
  private readonly number = numberField(
    t('Example'),
    { minimum: 0, maximum: 1e9, whole: true },
    (at) => {
      this.at = at;
      this.askSoon();
    },
    t('The number of a training example, in the order of the text'),
  );
  private readonly typed = textField(
    t('Tokens of'),
    t('whole vocabulary'),
    (text) => {
      this.text = text;
      this.askSoon();
    },
    t('Shows each token of the text, its index, and what the index means'),
  );

  constructor(private readonly actions: Actions) {
    // Columns of numbers are in brackets.
    const head = (...names: (string | [string])[]): HTMLElement => {
      const cells = names.map((name) =>
        h('th', { scope: 'col', class: Array.isArray(name) ? 'figure' : undefined }, ...[name].flat()),
      );
      return h('thead', {}, h('tr', {}, ...cells));
    };
    this.body.append(
      scrollable(
        '',
        t('Layers of the network'),
        h('table', { class: 'layers' }, head(t('layer'), t('output shape'), [t('parameters')]), this.layers),
      ),
      this.total,
      h(
        'div',
        { class: 'row' },
        this.viewChoice.element,
        button(t('Save as SVG'), () => this.save(), { hint: t('Save the drawing as {0}', 'SVG') }).element,
      ),
      this.drawing,
      this.number.element,
      this.example,
      this.typed.element,
      scrollable(
        'tokens',
        t('Tokens'),
        h('table', {}, head(t('token'), [t('index')], t('back'), t('known')), this.tokens),
      ),
    );
    this.viewChoice.set(this.view);
    this.number.set(0);
    this.element = h(
      'details',
      { ontoggle: () => this.ask() },
      h('summary', {}, t('What the Network Reads')),
      this.problem,
      this.body,
    );
  }

  /** The run that is shown now. */
  show(runId: string): void {
    if (runId === this.runId) return;
    this.runId = runId;
    this.inside = undefined;
    show(this.body, false);
    this.ask();
  }

  receive(runId: string, inside: Inside | undefined, problem: string | undefined): void {
    if (runId !== this.runId) return;
    show(this.problem, problem !== undefined);
    setText(this.problem, problem ?? '');
    if (!inside) return;
    this.inside = inside;
    show(this.body, true);
    this.drawLayers(inside);
    this.drawExample(inside);
    this.drawTokens(inside);
    this.draw();
  }

  private ask(): void {
    if (this.element.open && this.runId !== undefined) this.actions.ask(this.at, this.text);
  }

  private drawLayers({ layers, examples, stepsPerEpoch }: Inside): void {
    this.layers.replaceChildren(
      ...layers.map(({ kind, outputShape, parameters }) =>
        h(
          'tr',
          {},
          h('td', {}, kind),
          h('td', {}, layerShape(outputShape)),
          h('td', { class: 'figure' }, formatInteger(parameters)),
        ),
      ),
    );
    const sum = layers.reduce((total, { parameters }) => total + parameters, 0);
    setText(
      this.total,
      [
        t('{0} parameters', formatInteger(sum)),
        t('{0} examples', formatInteger(examples)),
        t('{0} steps per epoch', formatInteger(stepsPerEpoch)),
      ].join(' · '),
    );
  }

  private drawExample({ example, examples, layers }: Inside): void {
    const { at, inputText, targetText, inputIds, targetIds, shape } = example;
    const ids = (list: readonly (number | null)[]): string => list.map((id) => id ?? t('none')).join(' ');
    const entries: [string, string][] = [
      [t('example'), t('{0} of {1}', formatInteger(at), formatInteger(examples))],
      [t('text'), visibleText(inputText)],
      [t('target'), visibleText(targetText)],
      [t('indices'), ids(inputIds)],
      [t('target indices'), ids(targetIds)],
      [t('a batch'), `[B, T] = [${shape.join(', ')}]`],
      [t('encoded as'), layers[0].kind],
    ];
    this.example.replaceChildren(
      ...entries.flatMap(([name, value]) => [h('dt', {}, name), h('dd', { class: 'writing-font' }, value)]),
    );
  }

  private drawTokens({ tokens }: Inside): void {
    this.tokens.replaceChildren(
      ...tokens.map(({ token, id, known, count, back }) =>
        h(
          'tr',
          { class: known ? undefined : 'unknown' },
          h('td', {}, visibleText(token)),
          h('td', { class: 'figure' }, id === null ? t('none') : String(id)),
          h('td', {}, visibleText(back)),
          h('td', {}, count === undefined ? (known ? t('OK') : t('unknown')) : t('{0} times', formatInteger(count))),
        ),
      ),
    );
  }

  private draw(): void {
    const { inside } = this;
    if (!inside) return;
    this.drawing.innerHTML = drawNetwork(inside.network, this.view, inside.drawn, drawingColours());
    // As large as there is room for, and scrolled where it would be illegible.
    const svg = this.drawing.querySelector('svg')!;
    svg.style.minWidth = `${leastScale * svg.width.baseVal.value}px`;
  }

  private save(): void {
    const { inside } = this;
    if (inside) this.actions.save(drawNetwork(inside.network, this.view, inside.drawn, lightColours));
  }
}

function viewName(view: DrawingView): string {
  return {
    folded: t('folded'),
    unrolled: t('unrolled'),
    errors: t('errors going back'),
    sampling: t('writing'),
    cell: t('inside a cell'),
  }[view];
}

/** White space as the wall shows it. */
function visibleText(text: string): string {
  return [...text].map((character) => (character.trim() === '' ? visibleToken(character) : character)).join('');
}

function drawingColours(): DrawingColours {
  const { text, muted, background, heldOut } = themeColours();
  return { background, box: background, line: muted, text, accent: heldOut };
}
