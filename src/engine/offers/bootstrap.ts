/**
 * How far a figure may be off that was measured on a text: its blocks are drawn again and again, with replacement, and
 * the figure is taken of each drawing (Künsch 1989). Neighbouring characters depend on each other; blocks hardly do.
 */
import { Random } from '../random';

const drawings = 1000;
/** Apart from the streams of other rooms. */
const bootstrapStream = 0x626f6f74;

/** Half the width of the interval that holds 95 % of the drawings' figures; NaN for less than two blocks. */
export function plusMinus<B>(blocks: readonly B[], figure: (drawn: readonly B[]) => number, seed = 1): number {
  if (blocks.length < 2) return NaN;
  const random = new Random(seed, bootstrapStream);
  const figures = Array.from({ length: drawings }, () =>
    figure(blocks.map(() => blocks[Math.floor(random.uniform() * blocks.length)])),
  )
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  if (figures.length < drawings / 2) return NaN;
  const at = (share: number): number => figures[Math.round(share * (figures.length - 1))];
  return (at(0.975) - at(0.025)) / 2;
}
