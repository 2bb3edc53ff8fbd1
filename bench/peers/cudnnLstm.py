"""PyTorch's LSTM (cuDNN on a GPU), one training step over and over: targets a second, one line of JSON a case.

    python cudnnLstm.py '[{"layers": 1, "units": 512, "batch": 64}]'

One-hot input and softmax over 64 symbols, 60 steps, Adam, gradient clipped to norm 5: what bench/gpuRuns.ts trains.
"""
import json
import statistics
import sys
import time

import torch

STEPS, VOCABULARY = 60, 64
device = "cuda" if torch.cuda.is_available() else "cpu"


class Model(torch.nn.Module):
    def __init__(self, layers, units):
        super().__init__()
        self.lstm = torch.nn.LSTM(VOCABULARY, units, layers)
        self.output = torch.nn.Linear(units, VOCABULARY)

    def forward(self, ids):
        hidden, _ = self.lstm(torch.nn.functional.one_hot(ids, VOCABULARY).float())
        return self.output(hidden)


def targets_per_second(layers, units, batch, seconds=3.0):
    torch.manual_seed(1)
    model = Model(layers, units).to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    ids = torch.randint(VOCABULARY, (2, STEPS, batch), device=device)

    def step():
        began = time.perf_counter()
        optimiser.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(ids[0]).flatten(0, 1), ids[1].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        loss.item()  # waits for the GPU, as reading the loss does in the engine
        return time.perf_counter() - began

    for _ in range(3):
        step()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        times.append(step())
    return batch * STEPS / statistics.median(times)


for case in json.loads(sys.argv[1]):
    print(json.dumps({**case, "device": device, "targetsPerSecond": targets_per_second(**case)}), flush=True)
