"""Golden figures of the classifier's metrics, made once with scikit-learn 1.9.1:

    pip install scikit-learn==1.9.1
    python bench/peers/scikitGolden.py > test/fixtures/classification/scikit.json
"""
import json
import math

import numpy
import sklearn
from sklearn.calibration import _SigmoidCalibration
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    classification_report,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from sklearn.naive_bayes import MultinomialNB

random = numpy.random.RandomState(7)


def finite(values):
    return [None if math.isinf(v) else float(v) for v in values]


def report(truth, predicted, classes):
    result = classification_report(
        truth, predicted, labels=range(len(classes)), target_names=classes, output_dict=True, zero_division=0
    )
    accuracy = float(numpy.mean(numpy.array(truth) == numpy.array(predicted)))
    return {
        "truth": [int(v) for v in truth],
        "predicted": [int(v) for v in predicted],
        "classes": classes,
        "report": {name: result[name] for name in [*classes, "macro avg", "weighted avg"]},
        "accuracy": accuracy,
        "confusion": confusion_matrix(truth, predicted, labels=range(len(classes))).tolist(),
    }


truth = random.randint(0, 3, 60)
three = report(truth, numpy.where(random.rand(60) < 0.6, truth, random.randint(0, 3, 60)), ["angry", "calm", "glad"])
never = report([0, 0, 0, 1, 1, 2], [0, 1, 0, 0, 1, 1], ["ham", "spam", "unseen"])

positive = (random.rand(80) < 0.3).astype(int)
# Rounded, so that some scores are equal.
scores = numpy.round(random.normal(positive * 1.5, 1.0), 1)
fpr, tpr, roc_thresholds = roc_curve(positive, scores, drop_intermediate=False)
precision, recall, pr_thresholds = precision_recall_curve(positive, scores)
platt = _SigmoidCalibration().fit(scores, positive)
isotonic = IsotonicRegression(out_of_bounds="clip").fit(scores, positive)
asked = numpy.linspace(-3, 4, 15)

texts = [
    "win cash now now", "call now to win", "free cash prize call", "lunch at noon", "see you at lunch",
    "call me later", "noon is fine see you", "prize waiting call now free", "are you free for lunch", "later then",
]
labels = [1, 1, 1, 0, 0, 0, 0, 1, 0, 0]
topics = [0, 1, 0, 2, 2, 1, 2, 0, 2, 1]
asked_texts = ["free lunch", "call to win a prize", "see you later", "unknown words only"]
counter = CountVectorizer(token_pattern=r"\S+")
counts = counter.fit_transform(texts)
asked_counts = counter.transform(asked_texts)
idf = TfidfTransformer().fit(counts)


def baseline(model, rows, asked_rows, target):
    return model.fit(rows, target).predict_proba(asked_rows).tolist()


logistic = dict(C=10, tol=1e-12, max_iter=10000)
json.dump(
    {
        "scikitLearn": sklearn.__version__,
        "reports": [three, never],
        "binary": {
            "positive": positive.tolist(),
            "scores": scores.tolist(),
            "roc": {"falsePositiveRate": finite(fpr), "truePositiveRate": finite(tpr), "threshold": finite(roc_thresholds)},
            "auc": roc_auc_score(positive, scores),
            "precisionRecall": {
                "precision": finite(precision),
                "recall": finite(recall),
                "threshold": [*finite(pr_thresholds), None],
            },
            "averagePrecision": average_precision_score(positive, scores),
            "platt": {"a": float(platt.a_), "b": float(platt.b_)},
            "asked": asked.tolist(),
            "plattAsked": platt.predict(asked).tolist(),
            "isotonicAsked": isotonic.predict(asked).tolist(),
        },
        "baselines": {
            "texts": texts,
            "labels": labels,
            "topics": topics,
            "asked": asked_texts,
            "naiveBayes": baseline(MultinomialNB(), counts, asked_counts, labels),
            "naiveBayesTopics": baseline(MultinomialNB(), counts, asked_counts, topics),
            "logisticRegression": baseline(
                LogisticRegression(**logistic), idf.transform(counts), idf.transform(asked_counts), labels
            ),
            "logisticRegressionTopics": baseline(
                LogisticRegression(**logistic), idf.transform(counts), idf.transform(asked_counts), topics
            ),
        },
    },
    indent=1,
    fp=__import__("sys").stdout,
)
