/**
 * Inserts texts that come in pieces into a document, each at its own place, as one undo step. Pieces that come while an
 * edit is under way are written together with the next one. Changes elsewhere move the places along; a change that
 * touches a place ends what is written there. Knows nothing of VS Code.
 */
import { InklingError } from '../../common/errors';
import { t } from '../../common/l10n';
import { SerialQueue } from '../../common/serialQueue';
import { comparePoints, type Change, type Place, type Point } from './place';
import { wholeWords } from './wholeWords';

/** A document that does not change and refuses this many edits cannot be written to. */
const attempts = 4;
/** Few enough that the text is seen to flow, and that a stop comes at once. */
const defaultPieceLength = 100;

export interface DocumentChange {
  changes: readonly Change[];
  /** `history`: an undo or a redo; `save`: made while the document is being saved. */
  by: 'edit' | 'history' | 'save';
}

/** The document that is written to. */
export interface Target {
  /**
   * Inserts all pieces in one edit, or none, and continues the undo step before it unless told to begin another.
   * `refused`: the document changed at this moment, or cannot be written to; `hidden`: no editor shows it. Never rejects.
   * Its own change is the first with any changes that `onDidChange` reports before this resolves to `done`.
   */
  insert(
    pieces: readonly { at: Point; text: string }[],
    beginsUndoStep: boolean,
  ): Promise<'done' | 'refused' | 'hidden'>;
  onDidChange(listener: (change: DocumentChange) => void): { dispose(): unknown };
}

export interface InsertionOptions {
  /** UTF-16 units written at once at a place, or one word. */
  pieceLength?: number;
  /** Called when nothing more can be written at any of the places. */
  onEnded?: () => void;
}

interface Stream {
  readonly place: Place;
  waiting: string;
  ended: boolean;
}

export class StreamingInsertion {
  private readonly streams: Stream[];
  private beginsUndoStep = true;
  /** Nothing more will come: half words and white space are written too. */
  private complete = false;
  /** Changes that came while an edit was under way: they are followed when it is known which is ours. */
  private held: DocumentChange[] | undefined;
  private readonly queue = new SerialQueue();
  private failure: unknown;
  private subscription: { dispose(): unknown };

  private readonly pieceLength: number;
  private readonly onEnded: () => void;

  constructor(
    private target: Target,
    places: readonly Place[],
    { pieceLength = defaultPieceLength, onEnded = () => undefined }: InsertionOptions = {},
  ) {
    this.pieceLength = pieceLength;
    this.onEnded = onEnded;
    this.streams = places.map((place) => ({ place, waiting: '', ended: false }));
    this.subscription = this.listen();
  }

  /** The document is another one from now on, with the same text. */
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

  /** Writes what is left. Rejects with `invalidInput` when the document cannot be written to. */
  async finish(): Promise<void> {
    this.complete = true;
    await this.queue.run(() => this.pump());
    if (this.failure) throw this.failure;
  }

  /** Writes nothing more; resolves when no edit is under way. */
  stop(): Promise<void> {
    for (const stream of this.streams) Object.assign(stream, { ended: true, waiting: '' });
    return this.queue.run(() => undefined);
  }

  /** What takes back all that still stands as it was written; the changes do not overlap. */
  takenBack(): Change[] {
    return this.streams.flatMap(({ place }) => place.takenBack ?? []);
  }

  /** Follows the document no longer. */
  dispose(): void {
    this.subscription.dispose();
  }

  private listen(): { dispose(): unknown } {
    return this.target.onDidChange((change) => {
      // VS Code also reports that a document became dirty, or has other line ends: that moves nothing.
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

  /** Writes one piece at every place that has one; false when none has. */
  private async insert(): Promise<boolean> {
    for (let refusals = 0; refusals < attempts;) {
      const due = this.streams.flatMap((stream) => {
        const length = this.due(stream);
        return length > 0 ? [{ stream, length }] : [];
      });
      if (due.length === 0) return false;
      const pieces = due.map(({ stream: { place, waiting }, length }) => ({
        at: place.end,
        text: place.piece(waiting.slice(0, length)),
      }));
      const held: DocumentChange[] = (this.held = []);
      const outcome = await this.target.insert(pieces, this.beginsUndoStep);
      this.held = undefined;
      // A read-only editor reports that it is done and changes nothing.
      const own = outcome === 'done' ? held.shift() : undefined;
      if (own) {
        for (const { stream, length } of due) stream.waiting = stream.waiting.slice(length);
        for (const change of fromTheEnd(own.changes)) {
          for (const { place } of this.streams) place.wrote(change);
        }
        this.beginsUndoStep = false;
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

  /** How much of what waits may be written now. */
  private due({ waiting }: Stream): number {
    if (this.complete && waiting.length <= this.pieceLength) return waiting.length;
    return wholeWords(waiting, this.pieceLength) || (this.complete ? waiting.length : 0);
  }

  private follow({ changes, by }: DocumentChange): void {
    // So that typing and writing in turns are undone in turns.
    this.beginsUndoStep = true;
    for (const change of fromTheEnd(changes)) {
      for (const stream of this.streams) {
        const isUntouched = stream.place.follow(change, by === 'save');
        if (!isUntouched || by === 'history') Object.assign(stream, { ended: true, waiting: '' });
      }
    }
    if (this.streams.every(({ ended }) => ended)) this.onEnded();
  }

  private end(): void {
    void this.stop();
    this.onEnded();
  }
}

/** In an order in which none moves one that comes later. */
function fromTheEnd(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) => comparePoints(b.start, a.start));
}
