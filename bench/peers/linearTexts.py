"""The peers of `npm run bench:classifier` on texts: TF-IDF with a linear SVM, and fastText where it is installed.

    python linearTexts.py TASKS.json

Prints one JSON object a task: macro F1 on the held-out texts.
"""
import json
import os
import sys
import tempfile

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.svm import LinearSVC

try:
    import fasttext

    fasttext.FastText.eprint = lambda *_: None
except ImportError:
    fasttext = None


def macro(truth, predicted):
    return f1_score(truth, predicted, average="macro", zero_division=0)


def svm(train, held_out, seed):
    features = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)),
        ]
    )
    model = make_pipeline(features, LinearSVC(class_weight="balanced", random_state=seed))
    model.fit(train["texts"], train["labels"])
    return macro(held_out["labels"], model.predict(held_out["texts"]))


def fast_text(train, held_out, seed):
    if fasttext is None:
        return None
    names = sorted(set(train["labels"]))
    line = lambda text: " ".join(text.lower().split())
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "train.txt")
        with open(file, "w") as out:
            for text, label in zip(train["texts"], train["labels"]):
                out.write(f"__label__{names.index(label)} {line(text)}\n")
        model = fasttext.train_supervised(
            file, epoch=25, wordNgrams=2, minn=3, maxn=5, bucket=200000, seed=seed, thread=1, verbose=0
        )
    predicted = [names[int(model.predict(line(text))[0][0].removeprefix("__label__"))] for text in held_out["texts"]]
    return macro(held_out["labels"], predicted)


for task in json.load(open(sys.argv[1])):
    train, held_out, seed = task["train"], task["heldOut"], task["seed"]
    result = {"svm": svm(train, held_out, seed), "fastText": fast_text(train, held_out, seed)}
    print(json.dumps({"row": task["row"], "seed": seed, **result}), flush=True)
