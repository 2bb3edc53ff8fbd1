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
    const from = start + index + (segment.length - segment.trimStart().length);
    const to = start + index + segment.trimEnd().length;
    const within = skipped
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

/** At most `count`, the most surprising first. */
export function mostSurprising(all: readonly SurprisingSentence[], count: number): SurprisingSentence[] {
  return [...all].sort((a, b) => b.bits - a.bits || a.start - b.start).slice(0, count);
}
