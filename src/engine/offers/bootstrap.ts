/**
 * The uncertainty of a figure measured on a text: its blocks are resampled with replacement, and the figure is computed
 * for each resample (Künsch 1989). Neighbouring characters depend on each other; blocks hardly do.
 */
import { Random } from '../random';

const drawings = 1000;
/** Separate from the random streams of other rooms. */
const bootstrapStream = 0x626f6f74;

/** Half the width of the interval that contains 95 % of the resampled figures; NaN for fewer than two blocks. */
export function plusMinus<B>(blocks: readonly B[], figure: (drawn: readonly B[]) => number): number {
  if (blocks.length < 2) return NaN;
  const random = new Random(1, bootstrapStream);
  const figures = Array.from({ length: drawings }, () =>
    figure(blocks.map(() => blocks[Math.floor(random.uniform() * blocks.length)])),
  )
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  if (figures.length < drawings / 2) return NaN;
  const at = (share: number): number => figures[Math.round(share * (figures.length - 1))];
  return (at(0.975) - at(0.025)) / 2;
}
