import * as assert from 'node:assert';
import type { Answer, Verdict } from '../../../src/common/classifierProtocol';
import { answerName, className, passageSentence, verdictSentence } from '../../../src/common/verdictSentences';
import { fakeCheck } from '../../support/studioHarness/fakeClassifier';

const detector = { classes: ['ham', 'spam'], positive: 1 };

function verdict(answer: Answer | null, spam: number, changes: Partial<Verdict> = {}): Verdict {
  return {
    ...fakeCheck().verdict,
    answer,
    label: spam >= 0.84 ? 'spam' : 'ham',
    probability: Math.max(spam, 1 - spam),
    probabilities: { ham: 1 - spam, spam },
    threshold: 0.84,
    ...changes,
  };
}

describe('A verdict in words', () => {
  it('names its probability and the threshold, and never says "ham"', () => {
    const said = (answer: Answer, spam: number): string => verdictSentence(verdict(answer, spam), detector);
    assert.strictEqual(said('positive', 0.973), 'Spam: 97.3%; threshold 84.0%');
    assert.strictEqual(said('unsure', 0.82), 'Probably spam: 82.0%; threshold 84.0%');
    assert.strictEqual(said('unsure', 0.3), 'Unsure whether spam: 30.0%; threshold 84.0%');
    assert.strictEqual(said('negative', 0.03), 'Not spam: the probability of spam is 3.0%; threshold 84.0%');
    assert.strictEqual(said('too short', 0.97), 'Too short to tell');
    assert.match(said('unknown language', 0.97), /does not know the language/);
    const corrected = verdict('negative', 0, { corrected: true });
    assert.strictEqual(verdictSentence(corrected, detector), 'Not spam, by your correction');
  });

  it('names the classes of other classifiers as their examples do', () => {
    const moods = { classes: ['angry', 'calm'], positive: 0 };
    const shown = verdict('positive', 0.9, { label: 'angry', probabilities: { angry: 0.9, calm: 0.1 } });
    assert.strictEqual(verdictSentence(shown, moods), 'angry: 90.0%; threshold 84.0%');
    const topics = { classes: ['home', 'news', 'sport'], positive: null };
    const one = verdict(null, 0, { label: 'news', probability: 0.7, threshold: null });
    assert.strictEqual(verdictSentence(one, topics), 'news, 70.0%');
    assert.strictEqual(className('ham', moods), 'ham');
  });

  it('is a word or two in a list, and says which passage of a long text it is about', () => {
    assert.strictEqual(answerName(verdict('unsure', 0.9), detector), 'unsure');
    assert.strictEqual(answerName(verdict('negative', 0.1), detector), 'not spam');
    const long = verdict('positive', 0.97, { passage: { start: 900, end: 1000, index: 6, count: 40 } });
    assert.match(passageSentence(long, detector)!, /passage 7 of 40, the one most like spam \(97\.0%\)/);
    assert.strictEqual(passageSentence(verdict('positive', 0.97), detector), undefined);
  });
});
