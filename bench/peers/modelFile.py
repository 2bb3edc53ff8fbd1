"""Loads Inkling's model files with safetensors into torch.nn.LSTM, GRU and RNN, as they are, and compares logits, loss
and gradients with those that the engine computed. Started by bench/modelFile.mjs; needs torch and safetensors."""

import json
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file

NO_TOKEN = 0xFFFF
NO_TARGET = -1
TOLERANCE = 1e-5


def largest_difference(ours, theirs):
    return (torch.as_tensor(ours).reshape(theirs.shape) - theirs).abs().max().item()


def check(case):
    with safe_open(case["model"], framework="pt") as opened:
        metadata = opened.metadata()
    tensors = load_file(case["model"])
    spec = json.loads(metadata["inkling.spec"])
    layers = spec["layers"]
    steps, batch = case["steps"], case["batch"]
    ids = torch.tensor(case["inputs"]).reshape(steps, batch)
    known = (ids != NO_TOKEN).unsqueeze(-1).float()
    ids = ids.where(ids != NO_TOKEN, 0)
    embedding = None
    if spec["input"]["kind"] == "one-hot":
        x = torch.nn.functional.one_hot(ids, spec["input"]["vocabulary"]).float() * known
    elif spec["input"]["kind"] == "embedding":
        embedding = torch.nn.Embedding(spec["input"]["vocabulary"], spec["input"]["dimensions"])
        embedding.load_state_dict({"weight": tensors["embedding.weight"]})
        x = embedding(ids) * known
    else:
        x = (ids * spec["input"]["scale"]).unsqueeze(-1).float() * known

    # One module a layer, because PyTorch's own stack has the same number of units everywhere.
    modules = []
    h = x
    for l, layer in enumerate(layers):
        kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[spec["cell"]]
        module = kind(h.shape[-1], layer["units"], bidirectional=layer.get("bidirectional", False))
        own = {}
        for name, values in tensors.items():
            if name.startswith("rnn.") and f"_l{l}" in name:
                own[name[len("rnn."):].replace(f"_l{l}", "_l0")] = values
        module.load_state_dict(own, strict=True)
        modules.append(module)
        if case["lengths"]:
            packed = torch.nn.utils.rnn.pack_padded_sequence(h, case["lengths"], enforce_sorted=False)
            _, final = module(packed)
            final = final[0] if spec["cell"] == "lstm" else final
            joined = torch.cat([final[0], final[1]], -1)
            h = torch.zeros(steps, batch, joined.shape[-1])
            for b, length in enumerate(case["lengths"]):
                h[length - 1, b] = joined[b]
        else:
            h, _ = module(h)

    output = torch.nn.Linear(h.shape[-1], tensors["output.weight"].shape[0])
    output.load_state_dict({"weight": tensors["output.weight"], "bias": tensors["output.bias"]})
    targets = torch.tensor(case["targets"]).reshape(steps, batch)
    at = targets != NO_TARGET
    logits = output(h)[at]
    ours = torch.tensor(case["logits"]).reshape(steps, batch, -1)[at]
    if spec["output"]["kind"] == "softmax":
        loss = torch.nn.functional.cross_entropy(logits, targets[at], reduction="sum")
    else:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], targets[at].float(), reduction="sum")
    loss.backward()

    found = {"output.weight": output.weight.grad, "output.bias": output.bias.grad}
    if embedding is not None:
        found["embedding.weight"] = embedding.weight.grad
    for l, module in enumerate(modules):
        for name, parameter in module.named_parameters():
            found["rnn." + name.replace("_l0", f"_l{l}")] = parameter.grad
    differences = [largest_difference(values, found[name]) for name, values in case["gradients"].items()]
    title = json.loads(metadata["inkling.title"])
    return title, largest_difference(ours, logits), abs(loss.item() - case["lossSum"]), max(differences)


torch.manual_seed(0)
failed = False
print(f"{'largest difference from PyTorch ' + torch.__version__:56} {'logits':>9} {'loss':>9} {'gradients':>9}")
for case in json.load(open(sys.argv[1])):
    title, *differences = check(case)
    failed = failed or not all(d <= TOLERANCE for d in differences)
    print(f"{title:56} " + " ".join(f"{d:9.1e}" for d in differences))
print(f"above {TOLERANCE}: " + ("YES" if failed else "none"))
sys.exit(1 if failed else 0)
