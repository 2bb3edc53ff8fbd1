import assert from 'node:assert/strict';
import { Random } from '../../../../src/engine/random';
import { Place } from '../../../../src/extension/writing/place';
import { StreamingInsertion } from '../../../../src/extension/writing/streamingInsertion';
import { settle } from '../fakeClock';
import { FakeDocument } from './fakeDocument';

/** A document in which text is being written at every "|" of `marked`. */
class Desk {
  readonly document: FakeDocument;
  readonly insertion: StreamingInsertion;
  ended = false;

  constructor(marked: string, pieceLength?: number, lineWidth?: number) {
    this.document = new FakeDocument(marked.replaceAll('|', ''));
    const { document } = this;
    const offsets = [...marked.matchAll(/\|/g)].map(({ index }, i) => index - i);
    const places = offsets.map((offset) => {
      const point = document.pointAt(offset);
      const line = document.text.split('\n')[point.line];
      return new Place(point, line.slice(0, point.character), line.slice(point.character));
    });
    const onEnded = (): void => void (this.ended = true);
    this.insertion = new StreamingInsertion(document, places, { pieceLength, lineWidth, onEnded });
  }

  get text(): string {
    return this.document.text;
  }

  async write(text: string, place = 0): Promise<void> {
    this.insertion.write(place, text);
    await settle();
  }

  /** The text after what was written has been taken back. */
  takeBack(): string {
    this.document.apply(this.insertion.takenBack());
    return this.text;
  }
}

describe('StreamingInsertion', () => {
  it('writes whole words and holds back white space until more comes', async () => {
    const desk = new Desk('Once |');
    await desk.write('up');
    assert.equal(desk.text, 'Once ');
    await desk.write('on a ti');
    assert.equal(desk.text, 'Once upon a');
    await desk.write('me \n\n');
    assert.equal(desk.text, 'Once upon a time');
    await desk.write('there was');
    await desk.insertion.finish();
    assert.equal(desk.text, 'Once upon a time \n\nthere was');
  });

  it('breaks lines at a width, and can take them back', async () => {
    const desk = new Desk('Once upon a|', undefined, 16);
    await desk.write(' time there was a king');
    await desk.insertion.finish();
    assert.equal(desk.text, 'Once upon a time\nthere was a king');
    assert.equal(desk.takeBack(), 'Once upon a');
  });

  it('writes as one undo step, as long as the user does nothing in between', async () => {
    const desk = new Desk('Once |');
    for (const piece of ['upon ', 'a ', 'time ', 'there ']) await desk.write(piece);
    await desk.insertion.finish();
    assert.ok(desk.document.pieces.length > 2);
    desk.document.undo();
    assert.equal(desk.text, 'Once ');
  });

  it("undoes the user's own edits one by one if they came in between", async () => {
    const desk = new Desk('Title\nOnce |');
    await desk.write('upon a ');
    desk.document.type('The ', '');
    await desk.write('time ');
    await desk.insertion.finish();
    const { document } = desk;
    document.undo();
    assert.equal(desk.text, 'The Title\nOnce upon a');
    document.undo();
    assert.equal(desk.text, 'Title\nOnce upon a');
    document.undo();
    assert.equal(desk.text, 'Title\nOnce ');
  });

  it('retries when the document changed at the same moment', async () => {
    const desk = new Desk('Title\nOnce |');
    for (const word of ['upon ', 'a ', 'time ', 'there ', 'was ', 'a ', 'clock ']) {
      desk.document.meanwhile = () => desk.document.edit(0, 0, 'x');
      await desk.write(word);
    }
    await desk.insertion.finish();
    assert.equal(desk.text, 'xxxxxxxTitle\nOnce upon a time there was a clock ');
  });

  it('takes everything back if VS Code reports an empty change while a piece is being inserted', async () => {
    const desk = new Desk('Once |');
    await desk.write('upon a ');
    desk.document.meanwhile = () => desk.document.reportNothing();
    await desk.write('time ');
    await desk.insertion.finish();
    assert.equal(desk.text, 'Once upon a time ');
    assert.equal(desk.takeBack(), 'Once ');
  });

  it('removes what it wrote in the same undo step, and says where that began', async () => {
    const desk = new Desk('one | two | end');
    await desk.write('and a half', 0);
    await desk.write('and\nmore', 1);
    await desk.insertion.finish();
    assert.equal(desk.text, 'one and a half two and\nmore end');
    assert.equal(desk.insertion.isOneUndoStep, true);
    assert.deepEqual(await desk.insertion.remove(), [
      { line: 0, character: 4 },
      { line: 0, character: 9 },
    ]);
    assert.equal(desk.text, 'one  two  end');
    desk.document.undo();
    assert.equal(desk.text, 'one  two  end', 'there is nothing else to undo');
  });

  it('removes nothing of the user, and begins another undo step after an edit in between', async () => {
    const desk = new Desk('one | two | end');
    await desk.write('and a half', 0);
    await desk.write('and more', 1);
    await desk.insertion.finish();
    desk.document.type('!', 'a h');
    assert.equal(desk.insertion.isOneUndoStep, false);
    assert.deepEqual(await desk.insertion.remove(), [{ line: 0, character: 20 }]);
    assert.equal(desk.text, 'one and a h!alf two  end');
    desk.document.undo();
    assert.equal(desk.text, 'one and a h!alf two and more end');
  });

  it('removes everything even if the document changes at the same moment', async () => {
    const desk = new Desk('one | end');
    await desk.write('and more');
    await desk.insertion.finish();
    desk.document.meanwhile = () => desk.document.edit(0, 0, 'x');
    assert.deepEqual(await desk.insertion.remove(), [{ line: 0, character: 5 }]);
    assert.equal(desk.text, 'xone  end');
  });

  it('says so when the document cannot be written to', async () => {
    const desk = new Desk('Once |');
    desk.document.isReadOnly = true;
    await desk.write('upon a time');
    await assert.rejects(desk.insertion.finish(), { code: 'invalidInput', message: /is read-only/ });
    assert.equal(desk.ended, true);
    assert.equal(desk.text, 'Once ');
  });

  it('ends silently if no editor shows the document', async () => {
    const desk = new Desk('Once |');
    await desk.write('upon a ');
    desk.document.isHidden = true;
    await desk.write('time ');
    assert.equal(desk.ended, true);
    await desk.insertion.finish();
    assert.equal(desk.text, 'Once upon a');
  });

  it('writes nothing after a stop', async () => {
    const desk = new Desk('Once |');
    await desk.write('upon a ');
    const stopped = desk.insertion.stop();
    await desk.write('time ');
    await stopped;
    await desk.insertion.finish();
    assert.equal(desk.text, 'Once upon a');
  });

  it('continues at the other places when one of them is touched', async () => {
    const desk = new Desk('one |\ntwo |\nthree |');
    for (const place of [0, 1, 2]) await desk.write('and more ', place);
    desk.document.type('!', 'two and more');
    assert.equal(desk.ended, false);
    for (const place of [0, 1, 2]) await desk.write('than that ', place);
    await desk.insertion.finish();
    assert.equal(desk.text, 'one and more than that \ntwo and more!\nthree and more than that ');
    assert.equal(desk.takeBack(), 'one \ntwo !\nthree ');
  });

  it('writes a text at once if no piece is too long', async () => {
    const desk = new Desk('one |two', Infinity);
    desk.insertion.write(0, 'a long text '.repeat(100));
    await desk.insertion.finish();
    assert.equal(desk.document.pieces.length, 1);
    assert.equal(desk.text, `one ${'a long text '.repeat(100)}two`);
  });

  /**
   * In mid-stream, after "upon a" has been written: what happens, whether writing continues, and what can be removed.
   */
  const table: {
    what: string;
    text?: string;
    happens(document: FakeDocument): void;
    goesOn: boolean;
    /** The final text, with and without what was written. */
    end: string;
    takenBack: string;
  }[] = [
    {
      what: 'an edit before the place',
      happens: (document) => document.edit(0, 5, 'A long\ntitle'),
      goesOn: true,
      end: 'A long\ntitle\nOnce upon a time there\ntail',
      takenBack: 'A long\ntitle\nOnce \ntail',
    },
    {
      what: 'an edit before the place on its line',
      happens: (document) => document.edit(6, 7, 'A\no'),
      goesOn: true,
      end: 'Title\nA\nonce upon a time there\ntail',
      takenBack: 'Title\nA\nonce \ntail',
    },
    {
      what: 'an edit after the place',
      happens: (document) => document.type(' and end'),
      goesOn: true,
      end: 'Title\nOnce upon a time there\ntail and end',
      takenBack: 'Title\nOnce \ntail and end',
    },
    {
      what: 'typing at the place',
      happens: (document) => document.type('!', 'upon'),
      goesOn: false,
      end: 'Title\nOnce upon!\ntail',
      takenBack: 'Title\nOnce !\ntail',
    },
    {
      what: 'a line break typed at the end of the text',
      text: 'Title\nOnce |',
      happens: (document) => document.type('\n'),
      goesOn: false,
      end: 'Title\nOnce upon\n',
      takenBack: 'Title\nOnce \n',
    },
    {
      what: 'an edit directly before what was written',
      happens: (document) => document.edit(10, 11, '... '),
      goesOn: false,
      end: 'Title\nOnce... upon\ntail',
      takenBack: 'Title\nOnce... \ntail',
    },
    {
      what: 'an edit in what was written',
      happens: (document) => document.edit(12, 13, 'P'),
      goesOn: false,
      end: 'Title\nOnce uPon\ntail',
      takenBack: 'Title\nOnce uPon\ntail',
    },
    {
      what: 'an undo',
      happens: (document) => document.undo(),
      goesOn: false,
      end: 'Title\nOnce \ntail',
      takenBack: 'Title\nOnce \ntail',
    },
    {
      what: 'an undo and a redo',
      happens(document) {
        document.undo();
        document.redo();
      },
      goesOn: false,
      end: 'Title\nOnce upon\ntail',
      takenBack: 'Title\nOnce upon\ntail',
    },
    {
      what: 'an undo of an edit elsewhere',
      happens(document) {
        document.type('!');
        document.undo();
      },
      goesOn: false,
      end: 'Title\nOnce upon\ntail',
      takenBack: 'Title\nOnce \ntail',
    },
    {
      what: 'replacing the whole text',
      happens: (document) => document.edit(0, document.text.length, 'reverted'),
      goesOn: false,
      end: 'reverted',
      takenBack: 'reverted',
    },
    {
      what: 'a change of line endings',
      happens: (document) => document.changeLineEnds(),
      goesOn: true,
      end: 'Title\nOnce upon a time there\ntail',
      takenBack: 'Title\nOnce \ntail',
    },
    {
      what: 'a save that trims elsewhere and adds a final line break',
      text: 'Title  \nOnce |\ntail',
      happens: (document) => document.save(),
      goesOn: true,
      end: 'Title\nOnce upon a time there\ntail\n',
      takenBack: 'Title\nOnce \ntail\n',
    },
    {
      what: 'a save that adds a line break after the place',
      text: 'Title\nOnce |',
      happens: (document) => document.save(),
      goesOn: true,
      end: 'Title\nOnce upon a time there\n',
      takenBack: 'Title\nOnce ',
    },
    {
      what: 'many saves',
      text: 'Title\nOnce |  ',
      happens(document) {
        for (let i = 0; i < 3; i++) document.save();
      },
      goesOn: true,
      end: 'Title\nOnce upon a time there\n',
      takenBack: 'Title\nOnce   ',
    },
    {
      what: 'a save, and then an edit after the line break that it added',
      text: 'Title\nOnce |',
      happens(document) {
        document.save();
        document.type('tail');
      },
      goesOn: true,
      end: 'Title\nOnce upon a time there\ntail',
      takenBack: 'Title\nOnce \ntail',
    },
  ];
  for (const { what, text = 'Title\nOnce |\ntail', happens, goesOn, end, takenBack } of table) {
    it(`${goesOn ? 'continues after' : 'ends with'} ${what}`, async () => {
      const desk = new Desk(text);
      await desk.write('upon a');
      happens(desk.document);
      assert.equal(desk.ended, !goesOn);
      await desk.write(' time there');
      await desk.insertion.finish();
      assert.equal(desk.text, end);
      assert.equal(desk.takeBack(), takenBack);
    });

    it(`${goesOn ? 'continues after' : 'ends with'} ${what} while a piece is being inserted`, async () => {
      const desk = new Desk(text);
      await desk.write('upon a');
      desk.document.meanwhile = () => happens(desk.document);
      await desk.write(' time there');
      await desk.insertion.finish();
      assert.equal(desk.ended, !goesOn);
      assert.equal(desk.text, end);
      assert.equal(desk.takeBack(), takenBack);
    });
  }

  it('restores white space that a save removed before the first piece arrived', async () => {
    for (const [marked, end, takenBack] of [
      ['Once |', 'Once upon a\n', 'Once '],
      ['Once |\ntail\n', 'Once upon a\ntail\n', 'Once \ntail\n'],
      ['  |  \ntail\n', '  upon a\ntail\n', '    \ntail\n'],
      ['Once| ', 'Onceupon a\n', 'Once '],
    ]) {
      const desk = new Desk(marked);
      desk.document.save();
      await desk.write('upon a');
      await desk.insertion.finish();
      assert.equal(desk.text, end);
      assert.equal(desk.takeBack(), takenBack);
    }
  });

  it("loses none of the user's text in any order of edits, saves and pieces", async () => {
    const random = new Random(11);
    const pick = (count: number): number => Math.floor(random.uniform() * count);
    const spaceless = (text: string): string => text.replace(/\s/g, '');
    let takenBack = 0;
    for (let run = 0; run < 300; run++) {
      const desk = new Desk(['Title \n\nOnce | tail\nend', 'one |\ntwo |\n\nthree', 'last |'][pick(3)]);
      const { document } = desk;
      let saved = false;
      const happen = (): void => {
        const kind = pick(12);
        if (kind === 0) document.save();
        if (kind === 0) saved = true;
        if (kind === 0 || kind > 3) return;
        const start = pick(document.text.length + 1);
        document.edit(start, Math.min(document.text.length, start + pick(4)), ['', 'x', 'y\nz', ' '][pick(4)]);
      };
      for (let i = 0; i < 12; i++) {
        if (pick(2) === 0) happen();
        else document.meanwhile = happen;
        await desk.write(['word ', 'half', '\n\n', ' ', 'two words, '][pick(5)]);
      }
      await desk.insertion.finish();
      const own = document.ownText;
      const left = desk.takeBack();
      // White space that saves removed may have been restored.
      assert.equal(spaceless(document.ownText), spaceless(own), `run ${run}`);
      if (spaceless(left) !== spaceless(own)) continue; // the writer has changed what was written
      takenBack++;
      if (!saved) assert.equal(left, own, `run ${run}`);
    }
    assert.ok(takenBack > 100, `${takenBack} runs`);
  });
});
