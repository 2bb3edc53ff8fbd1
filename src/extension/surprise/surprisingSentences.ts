/** Ranks the sentences of a text by how much they surprised the model. Independent of VS Code. */
import type { Span } from './markdownMarks';
import type { SurpriseFigures } from './surpriseFigures';

export interface SurprisingSentence extends Span {
  /** Mean bits per character, without what is not prose. */
  bits: number;
}

/** A shorter sentence surprises by its brevity, not by what it says. */
const fewestWords = 4;

const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' });
const letter = /\p{L}/u;
const word = /[\p{L}\p{M}\p{N}'’]+/gu;

/** The sentences of a passage, [start, end) of `text`, as they come. `skipped`: what is not prose, in order. */
export function sentencesOf(
  text: string,
  { start, end }: Span,
  figures: Pick<SurpriseFigures, 'sum'>,
  skipped: readonly Span[],
): SurprisingSentence[] {
  // The lines of a paragraph may be broken anywhere.
  const passage = text.slice(start, end).replace(/\n/g, ' ');
  return [...sentences.segment(passage)].flatMap(({ index, segment }): SurprisingSentence[] => {
    const whole = { start: start + index, end: start + index + segment.length };
    const near = skipped.filter((span) => span.start < whole.end && span.end > whole.start);
    const { start: from, end: to } = withoutMarks(text, whole, near);
    const within = near
      .filter((span) => span.start < to && span.end > from)
      .map((span) => ({ start: Math.max(span.start, from), end: Math.min(span.end, to) }));
    const prose = within.reduceRight(
      (rest, span) => rest.slice(0, span.start - from) + ' ' + rest.slice(span.end - from),
      text.slice(from, to),
    );
    if ((prose.match(word) ?? []).length < fewestWords) return [];
    const length = within.reduce((rest, span) => rest - (span.end - span.start), to - from);
    const bits = within.reduce((rest, span) => rest - figures.sum(span.start, span.end), figures.sum(from, to));
    return [{ start: from, end: to, bits: bits / length }];
  });
}

/** The span without white space and marks, such as `**`, at both ends; code and addresses stay. */
function withoutMarks(text: string, { start, end }: Span, skipped: readonly Span[]): Span {
  const isMark = (span: Span): boolean => !letter.test(text.slice(span.start, span.end));
  let [from, to] = [start, end];
  const trim = (): void => {
    const part = text.slice(from, to);
    from = Math.min(to, from + part.length - part.trimStart().length);
    to = Math.max(from, to - (part.length - part.trimEnd().length));
  };
  trim();
  for (const span of skipped) {
    if (span.start > from || span.end <= from || span.end > to || !isMark(span)) continue;
    from = span.end;
    trim();
  }
  for (const span of [...skipped].reverse()) {
    if (span.end < to || span.start >= to || span.start < from || !isMark(span)) continue;
    to = span.start;
    trim();
  }
  return { start: from, end: to };
}

/** At most `count`, the most surprising first. */
export function mostSurprising(all: readonly SurprisingSentence[], count: number): SurprisingSentence[] {
  return [...all].sort((a, b) => b.bits - a.bits || a.start - b.start).slice(0, count);
}
