"""Keras doing a recipe on the examples that bench/seedsRuns.ts wrote.

usage: kerasRecipe.py FOLDER SEED EPOCHS MAXIMUM-STEPS; one line of JSON an epoch (last-step recipes: trainLoss,
trainAccuracy, heldOutLoss, heldOutAccuracy) or every evaluation.every steps (recipes of lines: step, smoothedLoss).
"""
import json
import math
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras  # noqa: E402
import numpy  # noqa: E402

folder, seed, epochs, maximum_steps = sys.argv[1], *(int(argument) for argument in sys.argv[2:5])
with open(os.path.join(folder, "recipe.json")) as file:
    recipe = json.load(file)
config, vocabulary, steps = recipe["config"], recipe["vocabulary"], recipe["steps"]
objective, network, optimiser = config["objective"], config["network"], config["optimiser"]
last_step = objective["kind"] == "last-step"


def part(name):
    def numbers(what, width):
        return numpy.fromfile(os.path.join(folder, f"{name}.{what}"), dtype="int32").reshape(recipe[name], width)

    return numbers("inputs", steps), numbers("targets", 1 if last_step else steps)


def initialiser(default):
    given = network["initialisation"]
    return keras.initializers.RandomNormal(stddev=given["scale"]) if given["kind"] == "normal" else default


def build(batch=None):
    """The recipe's network on token ids, or on numbers where the input is a scalar."""
    kind = network["input"]["kind"]
    # Lines have their own lengths.
    length = steps if last_step else None
    ids = keras.Input((length,), dtype="int32", batch_size=batch)
    if kind == "scalar":
        inputs = keras.Input((length, 1), batch_size=batch)
        x = inputs
    elif kind == "one-hot":
        inputs = ids
        # No token (-1, moved to 0) is a row of zeros.
        table = numpy.concatenate([numpy.zeros((1, vocabulary)), numpy.eye(vocabulary)])
        constant = keras.initializers.Constant(table)
        x = keras.layers.Embedding(vocabulary + 1, vocabulary, embeddings_initializer=constant, trainable=False)(ids)
    else:
        inputs = ids
        x = keras.layers.Embedding(vocabulary, network["input"]["dimensions"])(ids)
    cell = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}[network["cell"]]
    for i, layer in enumerate(network["layers"]):
        x = cell(
            layer["units"],
            return_sequences=not last_step or i < len(network["layers"]) - 1,
            stateful=objective["carryState"],
            kernel_initializer=initialiser("glorot_uniform"),
            recurrent_initializer=initialiser("orthogonal"),
        )(x)
        if layer["dropout"] > 0:
            x = keras.layers.Dropout(layer["dropout"])(x)
    outputs = keras.layers.Dense(vocabulary, activation="softmax", kernel_initializer=initialiser("glorot_uniform"))(x)
    model = keras.Model(inputs, outputs)
    rate = optimiser["learningRate"]
    clip = {"clipvalue": optimiser.get("clipValue"), "global_clipnorm": optimiser.get("clipNorm")}
    chosen = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}
    reduction = "sum" if objective["reduction"] == "sum" else "sum_over_batch_size"
    model.compile(
        optimizer=chosen[optimiser["kind"]](rate, **clip),
        loss=keras.losses.SparseCategoricalCrossentropy(reduction=reduction),
        metrics=["accuracy"] if last_step else [],
    )
    return model


def entering(inputs):
    kind = network["input"]["kind"]
    if kind == "scalar":
        return (inputs / vocabulary).astype("float32")[:, :, None]
    return inputs + 1 if kind == "one-hot" else inputs


def report(row):
    print(json.dumps({key: value for key, value in row.items() if value is not None}), flush=True)


def fit():
    train, held_out = part("train"), part("heldOut")
    model = build()

    def on_epoch(epoch, logs):
        report({
            "epoch": epoch + 1,
            "trainLoss": logs["loss"],
            "trainAccuracy": logs["accuracy"],
            "heldOutLoss": logs.get("val_loss"),
            "heldOutAccuracy": logs.get("val_accuracy"),
        })

    model.fit(
        entering(train[0]),
        train[1],
        batch_size=config["batch"],
        epochs=epochs,
        validation_data=(entering(held_out[0]), held_out[1]) if recipe["heldOut"] > 0 else None,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=on_epoch)],
        verbose=0,
    )


def fit_lines():
    """One line a step, without the padding: the state passes from a line to the next, in one order for the whole run."""
    inputs, targets = part("train")
    order = numpy.random.default_rng(seed).permutation(len(inputs))
    model = build(batch=1)
    smoothed = math.log(vocabulary) * config["smoothedLoss"]["startLength"]
    decay = config["smoothedLoss"]["decay"]
    rows = [row >= 0 for row in targets]
    for step in range(1, maximum_steps + 1):
        i = order[(step - 1) % len(order)]
        x, y = entering(inputs[i][None, rows[i]]), targets[i][None, rows[i]]
        smoothed = decay * smoothed + (1 - decay) * float(model.train_on_batch(x, y))
        if step % config["evaluation"]["every"] == 0:
            report({"step": step, "smoothedLoss": smoothed})


keras.utils.set_random_seed(seed)
report({"version": keras.__version__})
fit() if last_step else fit_lines()
