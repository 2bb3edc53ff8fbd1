"""The recipe sms-spam in Keras, on the texts, split and word vectors that the engine exported: six variants, 64 units, dropout
0.3, one sigmoid unit, binary cross-entropy, Adam, batch 512, 20 epochs, texts padded or cut to 50 tokens and masked.

    python kerasSpam.py <exported.json> <threads> [variant,…]      prints one JSON object a variant
"""
import json
import os
import sys
import time

threads = int(sys.argv[2])
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy
import tensorflow

tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
tensorflow.config.threading.set_inter_op_parallelism_threads(threads)

with open(sys.argv[1]) as file:
    data = json.load(file)
table = numpy.array(data["table"], dtype="float32")
texts = keras.utils.pad_sequences(data["sequences"], maxlen=50, padding="post", truncating="post")
labels = numpy.array(data["labels"], dtype="float32")
train, held_out = numpy.array(data["train"]), numpy.array(data["heldOut"])
cells = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}

for variant in (sys.argv[3] if len(sys.argv) > 3 else "rnn,birnn,lstm,bilstm,gru,bigru").split(","):
    keras.utils.set_random_seed(1)
    recurrent = cells[variant.removeprefix("bi")](64)
    model = keras.Sequential(
        [
            keras.Input((50,)),
            keras.layers.Embedding(
                table.shape[0],
                table.shape[1],
                embeddings_initializer=keras.initializers.Constant(table),
                trainable=False,
                mask_zero=True,
            ),
            keras.layers.Bidirectional(recurrent) if variant.startswith("bi") else recurrent,
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    start = time.perf_counter()
    model.fit(
        texts[train],
        labels[train],
        batch_size=512,
        epochs=20,
        validation_data=(texts[held_out], labels[held_out]),
        validation_batch_size=512,
        verbose=0,
    )
    seconds = time.perf_counter() - start
    predicted = model.predict(texts[held_out], batch_size=512, verbose=0)[:, 0] > 0.5
    truth = labels[held_out] == 1
    hits = int((predicted & truth).sum())
    f1 = 2 * hits / max(1, int(predicted.sum()) + int(truth.sum()))
    lost = int((predicted & ~truth).sum()) / int((~truth).sum())
    print(
        json.dumps({"variant": variant, "seconds": seconds, "f1": f1, "lost": lost, "version": keras.__version__}),
        flush=True,
    )
