/**
 * A recurrent network as a picture (SVG): folded into one step, unrolled over the tokens of a text, with the backward
 * path of the errors, while generating, or the inside of one cell. A pure function from data to a string, used by the
 * command line and the Studio.
 */
import { formatInteger, t } from './l10n';
import type { CellKind } from './trainingConfig';

export const drawingViews = ['folded', 'unrolled', 'errors', 'sampling', 'cell'] as const;
export type DrawingView = (typeof drawingViews)[number];

export interface DrawnNetwork {
  cell: CellKind;
  /** Input and output, with their sizes: "one-hot", 57. */
  input: { name: string; size: number };
  output: { name: string; size: number };
  /** From the input upwards. */
  layers: { units: number; dropout: number; bidirectional?: boolean }[];
  /** Whether there is a loss after every token, or after the last one only. */
  everyStep: boolean;
}

export interface DrawingColours {
  background: string;
  box: string;
  line: string;
  text: string;
  /** For states that are passed on, and for errors. */
  accent: string;
}

export const lightColours: DrawingColours = {
  background: '#ffffff',
  box: '#eef2f7',
  line: '#5b6b7f',
  text: '#1c2530',
  accent: '#b3462c',
};

/** The tokens that are read, and the target after each. */
export interface DrawnTokens {
  inputs: readonly string[];
  targets: readonly string[];
}

/** More columns would be illegible. */
const maximumColumns = 10;

/** The beginning of a text, in which each token is predicted from those before it. */
export function drawnTokens(tokens: readonly string[]): DrawnTokens {
  const shown = tokens.slice(0, maximumColumns + 1);
  return { inputs: shown.slice(0, Math.max(1, shown.length - 1)), targets: shown.slice(1) };
}

const column = { width: 92, gap: 36 };
const row = { height: 40, gap: 44 };
const margin = 28;
const font = 'font-family="system-ui, sans-serif" font-size="13"';

/** The picture as a complete SVG document. `tokens` are drawn up to the tenth; `folded` and `cell` need none. */
export function drawNetwork(
  network: DrawnNetwork,
  view: DrawingView,
  tokens: DrawnTokens = { inputs: [], targets: [] },
  colours: DrawingColours = lightColours,
): string {
  const picture = new Picture(colours);
  if (view === 'cell') drawCell(picture, network.cell);
  else if (view === 'folded') drawFolded(picture, network);
  else drawUnrolled(picture, network, view, tokens);
  return picture.toSvg();
}

/** Shapes with their size. */
class Picture {
  private readonly shapes: string[] = [];
  private right = 0;
  private bottom = 0;

  constructor(readonly colours: DrawingColours) {}

  box(x: number, y: number, width: number, height: number, lines: readonly string[]): void {
    const { box, line } = this.colours;
    this.shapes.push(
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${box}" stroke="${line}"/>`,
    );
    lines.forEach((text, i) => {
      this.text(x + width / 2, y + height / 2 + 16 * (i - (lines.length - 1) / 2) + 4, text);
    });
    this.reach(x + width, y + height);
  }

  circle(x: number, y: number, sign: string): void {
    const { background, line } = this.colours;
    this.shapes.push(`<circle cx="${x}" cy="${y}" r="11" fill="${background}" stroke="${line}"/>`);
    this.text(x, y + 4, sign);
    this.reach(x + 11, y + 11);
  }

  text(x: number, y: number, text: string, anchor: 'start' | 'middle' = 'middle'): void {
    this.shapes.push(
      `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${this.colours.text}" ${font}>${escaped(text)}</text>`,
    );
    this.reach(x + text.length * (anchor === 'middle' ? 4 : 7.5), y + 4);
  }

  /** An arrow through the points; `kind` says what it carries. `behind`: it passes behind everything else. */
  arrow(
    points: readonly [x: number, y: number][],
    kind: 'value' | 'state' | 'error' | 'drawn' = 'value',
    behind = false,
  ): void {
    const { line, accent } = this.colours;
    const colour = kind === 'value' ? line : accent;
    const dash = kind === 'error' || kind === 'drawn' ? ' stroke-dasharray="5 4"' : '';
    const path = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');
    const [[x0, y0], [x1, y1]] = points.slice(-2);
    const angle = Math.atan2(y1 - y0, x1 - x0);
    const corner = (turn: number): string =>
      `${rounded(x1 - 8 * Math.cos(angle + turn))} ${rounded(y1 - 8 * Math.sin(angle + turn))}`;
    const shape =
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.5"${dash}/>` +
      `<path d="M${x1} ${y1} L${corner(0.4)} L${corner(-0.4)} Z" fill="${colour}"/>`;
    if (behind) this.shapes.unshift(shape);
    else this.shapes.push(shape);
    for (const [x, y] of points) this.reach(x, y);
  }

  toSvg(): string {
    const [width, height] = [Math.ceil(this.right + margin), Math.ceil(this.bottom + margin)];
    return (
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">` +
      `<title>${escaped(t('Drawing of the network'))}</title>` +
      `<rect width="${width}" height="${height}" fill="${this.colours.background}"/>${this.shapes.join('')}</svg>`
    );
  }

  private reach(x: number, y: number): void {
    this.right = Math.max(this.right, x);
    this.bottom = Math.max(this.bottom, y);
  }
}

function layerLines({ cell }: DrawnNetwork, { units, dropout }: DrawnNetwork['layers'][number]): string[] {
  return [`${cell.toUpperCase()} ${units}`, ...(dropout > 0 ? [t('dropout {0}', dropout)] : [])];
}

const sized = ({ name, size }: { name: string; size: number }): string => `${name} ${formatInteger(size)}`;

/** One step, with the recurrent state as a loop. */
function drawFolded(picture: Picture, network: DrawnNetwork): void {
  const width = 150;
  const bands = [...network.layers].reverse();
  const yOf = (i: number): number => margin + i * (row.height + row.gap);
  const middle = margin + width / 2;
  picture.box(margin, yOf(0), width, row.height, [sized(network.output)]);
  bands.forEach((layer, i) => {
    const y = yOf(i + 1);
    const name = layerLines(network, layer);
    picture.box(margin, y, width, row.height, layer.bidirectional ? [...name, t('both ways')] : name);
    picture.arrow([
      [middle, y],
      [middle, y - row.gap],
    ]);
    // The state leaves on the right and comes back from above it.
    const x = margin + width;
    const out = y + row.height - 10;
    picture.arrow(
      [
        [x, out],
        [x + 34, out],
        [x + 34, y + 10],
        [x, y + 10],
      ],
      'state',
    );
    picture.text(x + 42, y + row.height / 2 + 4, network.cell === 'lstm' ? 'h, c' : 'h', 'start');
  });
  const y = yOf(bands.length + 1);
  picture.box(margin, y, width, row.height, [sized(network.input)]);
  picture.arrow([
    [middle, y],
    [middle, y - row.gap],
  ]);
  picture.text(middle, y + row.height + 20, t('one token per step'));
}

/** A column for each token, with the state passed on from left to right. */
function drawUnrolled(
  picture: Picture,
  network: DrawnNetwork,
  view: 'unrolled' | 'errors' | 'sampling',
  { inputs, targets }: DrawnTokens,
): void {
  const count = Math.min(maximumColumns, Math.max(1, inputs.length));
  // From the top: the prediction, the output, each layer (two rows if it is bidirectional), the input.
  const rows = [...network.layers].reverse().flatMap((layer) =>
    layer.bidirectional
      ? [
          { layer, backwards: true },
          { layer, backwards: false },
        ]
      : [{ layer, backwards: false }],
  );
  const top = margin + 24;
  const yOf = (i: number): number => top + i * (row.height + row.gap);
  const xOf = (i: number): number => margin + i * (column.width + column.gap);
  const inputRow = rows.length + 1;
  for (let i = 0; i < count; i++) {
    const x = xOf(i);
    const middle = x + column.width / 2;
    const hasOutput = view === 'sampling' || network.everyStep || i === count - 1;
    picture.box(x, yOf(inputRow), column.width, row.height, [visible(inputs[i])]);
    picture.text(middle, yOf(inputRow) + row.height + 20, `x${subscript(i + 1)}`);
    rows.forEach(({ layer, backwards }, r) => {
      const y = yOf(r + 1);
      picture.box(x, y, column.width, row.height, layerLines(network, layer));
      // In a bidirectional layer, both directions read the token and pass on their state.
      const below = yOf(backwards ? r + 3 : r + 2);
      const read = backwards ? middle - 24 : middle;
      picture.arrow(
        [
          [read, below],
          [read, y + row.height],
        ],
        'value',
        backwards,
      );
      if (layer.bidirectional && !backwards && hasOutput) {
        picture.arrow(
          [
            [middle + 24, y],
            [middle + 24, yOf(0) + row.height],
          ],
          'value',
          true,
        );
      }
      const line = y + row.height / 2;
      const [from, to] = [x + column.width, x + column.width + column.gap];
      const back = view === 'errors';
      if (i < count - 1) {
        picture.arrow(
          backwards
            ? [
                [to, line],
                [from, line],
              ]
            : [
                [from, line],
                [to, line],
              ],
          'state',
        );
        if (back)
          picture.arrow(
            backwards
              ? [
                  [from, line + 9],
                  [to, line + 9],
                ]
              : [
                  [to, line + 9],
                  [from, line + 9],
                ],
            'error',
          );
      }
    });
    if (!hasOutput) continue;
    const y = yOf(0);
    picture.box(x, y, column.width, row.height, [network.output.name]);
    picture.arrow([
      [middle, yOf(1)],
      [middle, y + row.height],
    ]);
    const target = network.everyStep || view === 'sampling' ? targets[i] : targets[targets.length - 1];
    picture.text(middle, y - 10, target === undefined ? `y${subscript(i + 1)}` : visible(target));
    if (view === 'errors') {
      for (let r = 0; r <= rows.length; r++) {
        picture.arrow(
          [
            [middle + 14, yOf(r) + row.height],
            [middle + 14, yOf(r + 1)],
          ],
          'error',
        );
      }
    }
    if (view === 'sampling' && i < count - 1) {
      // The generated token is the next input.
      const lane = x + column.width + column.gap / 2;
      picture.arrow(
        [
          [x + column.width, y + row.height / 2],
          [lane, y + row.height / 2],
          [lane, yOf(inputRow) + row.height / 2],
          [xOf(i + 1), yOf(inputRow) + row.height / 2],
        ],
        'drawn',
      );
    }
  }
  const captions = {
    unrolled: network.everyStep ? t('A loss after every token') : t('A loss after the last token only'),
    errors: t('Dashed: the path of the errors back through layers and time'),
    sampling: t('Dashed: the token that was drawn is the next input'),
  };
  picture.text(margin, yOf(inputRow) + row.height + 44, captions[view], 'start');
}

const equations: Record<CellKind, string[]> = {
  rnn: ['h(t) = tanh(W x(t) + U h(t−1) + b)', 'y(t) = softmax(V h(t) + d)'],
  lstm: [
    'i = σ(Wᵢ x + Uᵢ h + bᵢ)   f = σ(W_f x + U_f h + b_f)   o = σ(W_o x + U_o h + b_o)',
    'g = tanh(W_g x + U_g h + b_g)',
    'c(t) = f ⊙ c(t−1) + i ⊙ g',
    'h(t) = o ⊙ tanh(c(t))',
  ],
  gru: [
    'r = σ(W_r x + b_r + U_r h + d_r)   z = σ(W_z x + b_z + U_z h + d_z)',
    'n = tanh(W_n x + b_n + r ⊙ (U_n h + d_n))',
    'h(t) = (1 − z) ⊙ n + z ⊙ h(t−1)',
  ],
};

/** The gates of one cell, between the incoming and the outgoing state. */
function drawCell(picture: Picture, cell: CellKind): void {
  const gates = {
    rnn: [['tanh', t('new state')]],
    lstm: [
      ['σ', t('f: forget')],
      ['σ', t('i: let in')],
      ['tanh', t('g: new content')],
      ['σ', t('o: let out')],
    ],
    gru: [
      ['σ', t('r: reset')],
      ['σ', t('z: keep')],
      ['tanh', t('n: new content')],
    ],
  }[cell];
  const step = 116;
  const left = margin + 70;
  const right = left + gates.length * step;
  const [stateY, gateY, lowY] = [margin + 40, margin + 130, margin + 210];
  // The input of all gates, from below: the token and the previous state.
  picture.text(margin, lowY + 4, 'h(t−1)', 'start');
  picture.arrow(
    [
      [margin + 52, lowY],
      [right + 30, lowY],
    ],
    'state',
  );
  picture.text(left - 18, lowY + 40, 'x(t)');
  picture.arrow([
    [left - 18, lowY + 26],
    [left - 18, lowY + 2],
  ]);
  const stateName = cell === 'lstm' ? 'c' : 'h';
  picture.text(margin, stateY + 4, `${stateName}(t−1)`, 'start');
  picture.arrow(
    [
      [margin + 52, stateY],
      [right + 30, stateY],
    ],
    'state',
  );
  picture.text(right + 36, stateY + 4, `${stateName}(t)`, 'start');
  const onState: Record<CellKind, string[]> = { rnn: ['='], lstm: ['×', '+', '', ''], gru: ['', '×', '+'] };
  gates.forEach(([sign, name], i) => {
    const x = left + i * step;
    const middle = x + 40;
    picture.box(x, gateY, 80, row.height, [sign]);
    picture.text(middle, gateY + row.height + 18, name);
    picture.arrow([
      [middle, lowY],
      [middle, gateY + row.height + 22],
    ]);
    const operation = onState[cell][i];
    if (operation !== '') {
      picture.arrow([
        [middle, gateY],
        [middle, stateY + 11],
      ]);
      picture.circle(middle, stateY, operation);
    }
  });
  if (cell === 'lstm') {
    // A gate controls the new content that is added; another one the output, which is the state of the next step.
    const [letIn, content, out] = [1, 2, 3].map((i) => left + i * step + 40);
    picture.arrow([
      [content, gateY],
      [content, stateY + 50],
      [letIn + 2, stateY + 50],
    ]);
    picture.circle(letIn, stateY + 50, '×');
    picture.arrow([
      [out, stateY],
      [out, stateY + 40],
    ]);
    picture.circle(out, stateY + 50, '×');
    picture.text(out + 20, stateY + 32, 'tanh', 'start');
    picture.arrow([
      [out, gateY],
      [out, stateY + 61],
    ]);
    picture.arrow(
      [
        [out + 11, stateY + 50],
        [right + 30, stateY + 50],
      ],
      'state',
    );
    picture.text(right + 36, stateY + 54, 'h(t)', 'start');
  }
  if (cell === 'gru') {
    const [reset, , content] = [0, 1, 2].map((i) => left + i * step + 40);
    picture.arrow([
      [reset, gateY],
      [reset, gateY - 24],
      [content - 24, gateY - 24],
      [content - 24, gateY],
    ]);
  }
  equations[cell].forEach((equation, i) => picture.text(margin, lowY + 74 + 22 * i, equation, 'start'));
}

/** A visible form of a token: symbols for white space, long words shortened. */
function visible(token: string | undefined): string {
  if (token === undefined || token === '') return t('nothing');
  const shown = token.replace(/\n/g, '⏎').replace(/\t/g, '⇥').replace(/ /g, '␣');
  return shown.length > 11 ? `${shown.slice(0, 10)}…` : shown;
}

function subscript(n: number): string {
  return [...String(n)].map((digit) => String.fromCharCode(0x2080 + Number(digit))).join('');
}

const rounded = (value: number): number => Math.round(value * 10) / 10;

function escaped(text: string): string {
  const signs: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // XML has no control characters.
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, '·').replace(/[&<>"]/g, (sign) => signs[sign]);
}
