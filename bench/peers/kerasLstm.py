"""Keras doing the first case of bench/engine.mjs: LSTM on one-hot windows, loss on the last step, RMSprop.

usage: kerasLstm.py CASE-JSON SECONDS; one line of JSON, median seconds of a step.
"""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy  # noqa: E402
import tensorflow  # noqa: E402
import keras  # noqa: E402

case, seconds = json.loads(sys.argv[1]), float(sys.argv[2])
tensorflow.config.threading.set_intra_op_parallelism_threads(case["threads"])
generator = numpy.random.default_rng(1)
size = (case["batch"], case["steps"])
x = numpy.eye(case["vocabulary"], dtype="float32")[generator.integers(0, case["vocabulary"], size)]
y = numpy.eye(case["vocabulary"], dtype="float32")[generator.integers(0, case["vocabulary"], case["batch"])]
model = keras.Sequential([
    keras.Input((case["steps"], case["vocabulary"])),
    keras.layers.LSTM(case["units"]),
    keras.layers.Dense(case["vocabulary"], activation="softmax"),
])
model.compile(optimizer=keras.optimizers.RMSprop(0.01), loss="categorical_crossentropy")
model.train_on_batch(x, y)
times = []
start = time.perf_counter()
while time.perf_counter() - start < seconds or len(times) < 3:
    began = time.perf_counter()
    model.train_on_batch(x, y)
    times.append(time.perf_counter() - began)
print(json.dumps({"seconds": sorted(times)[len(times) // 2], "version": keras.__version__}))
