"""PyTorch doing what bench/engineRuns.ts does: one line of JSON for each case, median seconds of a step.

usage: lstm.py train CASES-JSON SECONDS | generate CASES-JSON TOKENS
A training case: layers, units, batch, steps, last (loss on the last step only), vocabulary, threads.
"""
import json
import sys
import time

import torch


def median(values):
    return sorted(values)[len(values) // 2]


class Model(torch.nn.Module):
    def __init__(self, case):
        super().__init__()
        self.vocabulary = case["vocabulary"]
        self.rnn = torch.nn.LSTM(self.vocabulary, case["units"], case["layers"])
        self.output = torch.nn.Linear(case["units"], self.vocabulary)


def train(case, seconds):
    torch.manual_seed(1)
    torch.set_num_threads(case["threads"])
    model = Model(case)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    size = (case["steps"], case["batch"])
    ids = torch.randint(0, model.vocabulary, size)
    targets = torch.randint(0, model.vocabulary, size)

    def step():
        x = torch.nn.functional.one_hot(ids, model.vocabulary).float()
        hidden, _ = model.rnn(x)
        if case["last"]:
            loss = torch.nn.functional.cross_entropy(model.output(hidden[-1]), targets[-1])
        else:
            logits = model.output(hidden).reshape(-1, model.vocabulary)
            loss = torch.nn.functional.cross_entropy(logits, targets.reshape(-1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    step()
    times = []
    start = time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 3:
        began = time.perf_counter()
        step()
        times.append(time.perf_counter() - began)
    return median(times)


@torch.no_grad()
def generate(case, tokens):
    """Eager, one stream, sampling at temperature 1; seconds a token."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    model = Model(case)
    state = None
    token = torch.zeros(1, dtype=torch.long)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(tokens):
            x = torch.nn.functional.one_hot(token, model.vocabulary).float().unsqueeze(0)
            hidden, state = model.rnn(x, state)
            probabilities = torch.softmax(model.output(hidden[0]), dim=-1)
            token = torch.multinomial(probabilities, 1)[:, 0]
        times.append((time.perf_counter() - began) / tokens)
    return median(times)


what, cases, amount = sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])
for case in cases:
    seconds = train(case, amount) if what == "train" else generate(case, int(amount))
    print(json.dumps({"seconds": seconds, "version": torch.__version__}), flush=True)
