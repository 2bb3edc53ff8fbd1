/**
 * Inserts texts that arrive in pieces into a document, each at its own place, as one undo step. Pieces that arrive
 * during an edit are written with the next one. Changes elsewhere move the places; a change that touches a place ends
 * writing there. Independent of VS Code.
 */
import { InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import { SerialQueue } from '../../common/serialQueue';
import { breakLines } from './lineWidth';
import { comparePoints, moved, type Change, type Place, type Point } from './place';
import { wholeWords } from './wholeWords';

/** A document that does not change and rejects this many edits cannot be written to. */
const attempts = 4;
/** Few enough that the text flows visibly and a stop takes effect immediately. */
const defaultPieceLength = 100;

export interface DocumentChange {
  changes: readonly Change[];
  /** `history`: an undo or a redo; `save`: made while the document is being saved. */
  by: 'edit' | 'history' | 'save';
}

/** The target document. */
export interface Target {
  /**
   * Makes all changes in one edit, or none, and continues the previous undo step unless told to begin another.
   * `refused`: the document has just changed, or cannot be written to; `hidden`: no editor shows it. Never rejects. Its
   * own change is the first with any changes that `onDidChange` reports before this resolves to `done`.
   */
  write(changes: readonly Change[], beginsUndoStep: boolean): Promise<'done' | 'refused' | 'hidden'>;
  onDidChange(listener: (change: DocumentChange) => void): { dispose(): unknown };
}

export interface InsertionOptions {
  /** The maximum number of UTF-16 units written in one edit at a place (at least one word). */
  pieceLength?: number;
  /** The width in UTF-16 units at which lines are broken; undefined if they are not. */
  lineWidth?: number;
  /** Whether the first piece continues the last undo step of the document, as long as nothing else comes in between. */
  continuesUndoStep?: boolean;
  /** Called when no place can be written to any longer. */
  onEnded?: () => void;
  /** Called when what was written has grown, moved or been changed; `touched` if by the user, at one of the places. */
  onChanged?: (touched: boolean) => void;
}

interface Stream {
  readonly place: Place;
  waiting: string;
  ended: boolean;
}

export class StreamingInsertion {
  private readonly streams: Stream[];
  private beginsUndoStep: boolean;
  /** Nothing more will arrive: incomplete words and white space are written too. */
  private complete = false;
  /** Changes that arrived during an edit: they are followed once it is known which one is ours. */
  private held: DocumentChange[] | undefined;
  private readonly queue = new SerialQueue();
  private failure: unknown;
  private subscription: { dispose(): unknown };

  private readonly pieceLength: number;
  private readonly onEnded: () => void;
  private readonly onChanged: (touched: boolean) => void;

  constructor(
    private target: Target,
    places: readonly Place[],
    private readonly options: InsertionOptions = {},
  ) {
    this.pieceLength = options.pieceLength ?? defaultPieceLength;
    this.beginsUndoStep = !options.continuesUndoStep;
    this.onEnded = options.onEnded ?? (() => undefined);
    this.onChanged = options.onChanged ?? (() => undefined);
    this.streams = places.map((place) => ({ place, waiting: '', ended: false }));
    this.subscription = this.listen();
  }

  /** From now on, the document is another one with the same text. */
  moveTo(target: Target): void {
    this.subscription.dispose();
    this.target = target;
    this.subscription = this.listen();
  }

  /** Queues a piece of text for a place. */
  write(place: number, text: string): void {
    const stream = this.streams[place];
    if (stream.ended) return;
    stream.waiting += text;
    void this.queue.run(() => this.pump());
  }

  /** Writes the rest. Rejects with `invalidInput` if the document cannot be written to. */
  async finish(): Promise<void> {
    this.complete = true;
    await this.queue.run(() => this.pump());
    if (this.failure) throw this.failure;
  }

  /** Stops writing; resolves when no edit is in progress. */
  stop(): Promise<void> {
    for (const stream of this.streams) Object.assign(stream, { ended: true, waiting: '' });
    return this.queue.run(() => undefined);
  }

  /** Whether everything that happened to the document since the first piece is one undo step, which is still open. */
  get isOneUndoStep(): boolean {
    return !this.beginsUndoStep;
  }

  /** The texts that are still as they were written. */
  written(): { start: Point; end: Point }[] {
    return this.streams.flatMap(({ place }) => place.written ?? []);
  }

  /** The changes that remove everything that is still as it was written; they do not overlap. */
  takenBack(): Change[] {
    return this.streams.flatMap(({ place }) => place.takenBack ?? []);
  }

  /**
   * Removes everything that is still as it was written, in the same undo step if possible, and returns where it began,
   * in the order of the document; undefined if it could not. Once removed, nothing more can be written here.
   */
  remove(): Promise<Point[] | undefined> {
    return this.queue.run(async () => {
      for (let refusals = 0; refusals < attempts; refusals++) {
        const places = this.streams.flatMap(({ place }) => (place.takenBack ? [place] : []));
        places.sort((a, b) => comparePoints(a.end, b.end));
        const changes = places.flatMap(({ takenBack }) => takenBack ?? []);
        const points = places.map(({ beginningAfterwards }, i) =>
          changes.slice(0, i).reduceRight<Point>(moved, beginningAfterwards),
        );
        const held: DocumentChange[] = (this.held = []);
        const outcome = await this.target.write(changes, this.beginsUndoStep);
        if (outcome === 'done') return points;
        this.held = undefined;
        held.forEach((change) => this.follow(change));
        if (outcome === 'hidden') return undefined;
      }
      return undefined;
    });
  }

  /** Stops following the document. */
  dispose(): void {
    this.subscription.dispose();
  }

  private listen(): { dispose(): unknown } {
    return this.target.onDidChange((change) => {
      // VS Code also reports when a document becomes dirty or changes its line ends, which moves nothing.
      if (change.changes.length === 0) return;
      if (this.held) this.held.push(change);
      else this.follow(change);
    });
  }

  private async pump(): Promise<void> {
    try {
      while (await this.insert());
    } catch (error) {
      this.failure ??= error;
      this.end();
    }
  }

  /** Writes one piece at every place that has one; false if none has. */
  private async insert(): Promise<boolean> {
    for (let refusals = 0; refusals < attempts;) {
      const due = this.streams.flatMap((stream) => {
        const length = this.due(stream);
        return length > 0 ? [{ stream, length }] : [];
      });
      if (due.length === 0) return false;
      const pieces = due.map(({ stream: { place, waiting }, length }) => ({
        start: place.end,
        end: place.end,
        text: this.inLines(place.piece(waiting.slice(0, length)), place.end.character),
      }));
      const held: DocumentChange[] = (this.held = []);
      const outcome = await this.target.write(pieces, this.beginsUndoStep);
      this.held = undefined;
      // A read-only editor reports success but changes nothing.
      const own = outcome === 'done' ? held.shift() : undefined;
      if (own) {
        for (const { stream, length } of due) stream.waiting = stream.waiting.slice(length);
        for (const change of fromTheEnd(own.changes)) {
          for (const { place } of this.streams) place.wrote(change);
        }
        this.beginsUndoStep = false;
        this.onChanged(false);
      } else if (held.length === 0) refusals++;
      held.forEach((change) => this.follow(change));
      if (outcome === 'hidden') this.end();
      if (own) return true;
    }
    throw new InklingError(
      'invalidInput',
      t('This document is read-only. Save a copy of it, or open one that can be edited.'),
    );
  }

  private inLines(text: string, column: number): string {
    const { lineWidth } = this.options;
    return lineWidth === undefined ? text : breakLines(text, column, lineWidth);
  }

  /** How much of the pending text may be written now. */
  private due({ waiting }: Stream): number {
    if (this.complete && waiting.length <= this.pieceLength) return waiting.length;
    return wholeWords(waiting, this.pieceLength) || (this.complete ? waiting.length : 0);
  }

  private follow({ changes, by }: DocumentChange): void {
    // So that interleaved typing and writing are undone separately.
    this.beginsUndoStep = true;
    let isTouched = false;
    for (const change of fromTheEnd(changes)) {
      for (const stream of this.streams) {
        const isUntouched = stream.place.follow(change, by === 'save');
        if (!isUntouched || by === 'history') Object.assign(stream, { ended: true, waiting: '' });
        isTouched ||= !isUntouched;
      }
    }
    if (this.streams.every(({ ended }) => ended)) this.onEnded();
    this.onChanged(isTouched);
  }

  private end(): void {
    void this.stop();
    this.onEnded();
  }
}

/** In an order in which no change moves a later one. */
function fromTheEnd(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) => comparePoints(b.start, a.start));
}
