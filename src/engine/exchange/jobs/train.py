"""Trains the model of a job that `inkling job` wrote, in the folder of this script:

    first.safetensors   the model with its first weights, its settings and its vocabulary
    job.json, tokens/   the text as token ids, and where its files begin and end

    python train.py                                  on the CPU, or on one GPU
    torchrun --nproc-per-node 4 train.py             on several
    python train.py --ray --workers 4                on a Ray cluster that shares this folder

It writes events.jsonl (what happens, one JSON object per line, also printed), checkpoint.pt, and at the end
model.inkling.safetensors. Started again, it continues from the checkpoint exactly as if it had not stopped. SIGTERM and
Ctrl-C save a checkpoint and end the script; a file named "stop" in the folder ends the training and keeps the model.

Batches, schedules, clipping, optimisers, the divergence guard and the warning of overfitting are those of the engine (src/engine/training).
T steps, B rows, V tokens in the vocabulary.
"""
import argparse
import contextlib
import hashlib
import json
import math
import os
import signal
import time
from pathlib import Path

import numpy
import torch
import torch.distributed as dist
from torch import nn
from torch.nn import functional as F

WORD = 0xFFFFFFFF
CONTEXT_TOKENS = 64  # read before a held-out piece, so that cutting the text changes little
PROGRESS_SECONDS = 1.0
MOST_GUARD_EVENTS = 6


class Random:
    """The engine's generator: xoshiro128** seeded by SplitMix32."""

    def __init__(self, seed, stream):
        x = (seed ^ (stream + 1) * 0x9E3779B9) & WORD
        self.words = []
        for _ in range(4):
            x = (x + 0x9E3779B9) & WORD
            z = (x ^ x >> 16) * 0x21F0AAAD & WORD
            z = (z ^ z >> 15) * 0x735A2D97 & WORD
            self.words.append(z ^ z >> 15)

    def uint32(self):
        s = self.words
        m = s[1] * 5 & WORD
        result = ((m << 7 | m >> 25) & WORD) * 9 & WORD
        t = s[1] << 9 & WORD
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = (s[3] << 11 | s[3] >> 21) & WORD
        return result

    def integer(self, n):
        """A whole number in [0, n), unbiased."""
        limit = (1 << 32) - (1 << 32) % n
        x = self.uint32()
        while x >= limit:
            x = self.uint32()
        return x % n


class Text:
    """The tokens on the device, and how they are cut into batches: B rows, each reading its own part of the text in
    slots of T targets, carrying its state from batch to batch (src/engine/corpus/textStreams.ts)."""

    def __init__(self, folder, job, config, vocabulary, device):
        kind = numpy.dtype(f"<u{job['bytesPerToken']}")
        shards = [numpy.fromfile(folder / shard, kind) for shard in job["shards"]]
        tokens = shards[0] if len(shards) == 1 else numpy.concatenate(shards)
        # PyTorch computes little with uint16: two bytes are stored as int16 and masked when read.
        self.mask = 0xFFFF if kind.itemsize == 2 else 0xFF
        self.tokens = torch.from_numpy(tokens.view(numpy.int16) if kind.itemsize == 2 else tokens).to(device)
        self.vocabulary, self.device, self.seed = vocabulary, device, config["seed"]
        self.files, self.held_out_spans = [], []
        held_out = config["text"]["heldOut"]
        for file in job["files"]:
            start, end = file["start"], file["end"]
            tail = math.floor((end - start) * held_out["fraction"]) if held_out["kind"] == "tail" else 0
            if end - tail > start:
                self.files.append((start, end - tail))
            if tail > 0:
                self.held_out_spans.append((end - tail, end, start))
        self.train_tokens = sum(end - start for start, end in self.files)
        self.held_out_tokens = sum(end - start for start, end, _ in self.held_out_spans)
        self.steps = min(config["objective"]["steps"], max(end - start for start, end in self.files))
        self.batch = config["batch"]
        self.cuts = [self.cut(end - start) for start, end in self.files]
        self.slot_count = sum(slots for slots, _, _ in self.cuts)
        self.steps_per_epoch = -(-self.slot_count // self.batch)
        self.rows = -(-self.slot_count // self.steps_per_epoch)
        self.row_places = torch.arange(self.rows, device=device) * self.steps_per_epoch
        self.times = torch.arange(self.steps, device=device)[:, None]
        self.arranged = None

    def cut(self, n):
        """The slots of a file of n tokens, and the range of phases that need exactly that many."""
        slots = -(-n // self.steps)
        if slots < 8 or self.steps == 1:
            return slots, 0, 1
        last = n - (slots - 1) * self.steps
        return (slots, last, self.steps) if 2 * last <= self.steps else (slots + 1, 1, last)

    def arrange(self, epoch):
        """Lays out the slots of an epoch: where each begins and ends, where its file starts, whether it starts afresh."""
        random = Random(self.seed, 0x10000 + epoch)
        begin = numpy.empty(self.slot_count, numpy.int64)
        end, first = numpy.empty_like(begin), numpy.empty_like(begin)
        reset = numpy.zeros(self.slot_count, bool)
        at = 0
        for (file_start, file_end), (slots, low, high) in zip(self.files, self.cuts):
            phase = low + random.integer(high - low)
            own = slice(at, at + slots)
            begin[own] = file_start + phase + numpy.arange(slots) * self.steps
            end[own] = numpy.minimum(begin[own] + self.steps, file_end)
            first[own] = file_start
            reset[at] = True
            at += slots
            if phase > 0:  # the targets before the phase are the file's last slot
                begin[at - 1], end[at - 1], reset[at - 1] = file_start, file_start + phase, True
        self.rotation = random.integer(self.slot_count)
        self.slots = [torch.from_numpy(column).to(self.device) for column in (begin, end, first, reset)]
        self.arranged = epoch

    def train_batch(self, epoch, step):
        """Inputs and targets [T, B] of a step, and the rows that start from a zero state [B]."""
        if self.arranged != epoch:
            self.arrange(epoch)
        places = self.row_places + step
        slot = (places + self.rotation) % self.slot_count
        begin, end, first, reset = (column[slot] for column in self.slots)
        inputs, targets = self.read(begin, torch.where(places < self.slot_count, end, begin), first)
        return inputs, targets, torch.ones_like(reset) if step == 0 else reset

    def read(self, begin, end, first):
        """Inputs and targets [T, B] for the targets [begin, end) of each row. The first token of a file is predicted
        from nothing. Input V stands for nothing, target -1 for no loss; unknown characters are both."""
        at = begin + self.times
        inside = at < end
        known = at.clamp(max=len(self.tokens) - 1)
        targets = self.tokens[known].long() & self.mask
        inputs = (self.tokens[(known - 1).clamp(min=0)].long() & self.mask).clamp(max=self.vocabulary)
        targets = targets.masked_fill(~inside | (targets >= self.vocabulary), -1)
        return inputs.masked_fill(~inside | (at == first), self.vocabulary), targets

    def held_out(self, most, part, parts):
        """The batches of an evaluation on at most about `most` targets, spread over the held-out text, which is read in
        long streams with some context before each (src/engine/corpus/readingBatches.ts). Of several workers, `part`
        reads every `parts`-th stream."""
        share = min(1, most / self.held_out_tokens) if self.held_out_tokens else 1
        length = math.ceil(max(self.held_out_tokens / self.batch, 8 * self.steps / max(share, 1e-9)))
        pieces = []
        for start, end, file_start in self.held_out_spans:
            count = max(1, math.floor((end - start) / length + 0.5))
            for i in range(count):
                low, high = start + (end - start) * i // count, start + (end - start) * (i + 1) // count
                begin = max(low, file_start + 1)
                high = min(high, low + math.ceil((high - low) * share))
                context = min(math.ceil(CONTEXT_TOKENS / self.steps), (begin - file_start - 1) // self.steps)
                if high > begin:
                    pieces.append((begin, high, context))
        pieces.sort(key=lambda piece: piece[0] - piece[1])
        pieces = pieces[part::parts]
        for group in (pieces[i : i + self.batch] for i in range(0, len(pieces), self.batch)):
            begin, end, context = torch.tensor(group, device=self.device).T
            slots = max(math.ceil((high - low) / self.steps) for low, high, _ in group)
            for slot in range(-max(context for _, _, context in group), slots):
                at = begin + slot * self.steps
                scored = at >= begin
                stop = torch.where(scored, torch.minimum(at + self.steps, end), at + self.steps)
                stop = torch.where((slot >= -context) & (at < end), stop, at)
                inputs, targets = self.read(at, stop, torch.full_like(at, -1))
                yield inputs, targets.masked_fill(~scored, -1), slot == -context


class Network(nn.Module):
    """One recurrent module per layer, because their widths may differ, and the output layer."""

    def __init__(self, spec):
        super().__init__()
        self.input, self.dropouts = spec["input"], [layer["dropout"] for layer in spec["layers"]]
        classes = spec["output"]["classes"]
        below = classes if self.input["kind"] == "one-hot" else 1
        if self.input["kind"] == "embedding":
            below = self.input["dimensions"]
            self.embedding = nn.Embedding(classes, below)
        elif self.input["kind"] == "one-hot":
            self.register_buffer("table", torch.eye(classes), persistent=False)
        else:
            self.register_buffer("table", torch.arange(classes)[:, None] * self.input["scale"], persistent=False)
        cell = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[spec["cell"]]
        self.layers = nn.ModuleList()
        for layer in spec["layers"]:
            self.layers.append(cell(below, layer["units"]))
            below = layer["units"]
        self.output = nn.Linear(below, classes)
        if spec["cell"] != "gru":  # one bias a gate: the second one stays zero
            for layer in self.layers:
                layer.bias_hh_l0.requires_grad_(False)

    def named_tensors(self):
        """The parameters under their names in a model file."""
        for name, parameter in self.named_parameters():
            if name.startswith("layers."):
                _, layer, own = name.split(".")
                name = f"rnn.{own[:-1]}{layer}"
            yield name, parameter

    def forward(self, ids, state):
        """Logits [T, B, V] and the new state, for ids [T, B] (V: nothing, a zero vector)."""
        table = self.embedding.weight if self.input["kind"] == "embedding" else self.table
        x = F.embedding(ids, F.pad(table, (0, 0, 0, 1)))
        after = []
        for layer, dropout, own in zip(self.layers, self.dropouts, state or [None] * len(self.layers)):
            x, own = layer(x, own)
            after.append(own)
            x = F.dropout(x, dropout, self.training)
        return self.output(x).float(), after


def map_state(state, change):
    """The state with every tensor changed; a state is a list with h, or (h, c), [1, B, units] of each layer."""
    return state and [tuple(change(x) for x in own) if isinstance(own, tuple) else change(own) for own in state]


class Schedule:
    """src/engine/training/schedule.ts"""

    def __init__(self, config, learning_rate):
        self.config, self.learning_rate = config, learning_rate
        self.scale, self.best_loss, self.without_best = 1.0, None, 0

    def rate(self, step, fraction):
        rate = self.learning_rate * self.scale
        if self.config["kind"] == "cosine":
            floor = self.config["finalFraction"]
            rate *= floor + (1 - floor) * (1 + math.cos(math.pi * min(1, fraction))) / 2
        warmup = self.config.get("warmupSteps")
        return rate * min(1, (step + 1) / warmup) if warmup else rate

    def evaluated(self, loss):
        """Takes a held-out loss; returns whether a plateau schedule lowers the rate."""
        if self.config["kind"] != "plateau":
            return False
        if self.best_loss is None or loss < self.best_loss:
            self.best_loss, self.without_best = loss, 0
            return False
        self.without_best += 1
        if self.without_best < self.config["patience"]:
            return False
        self.without_best = 0
        lowest = min(1, self.config["minimum"] / self.learning_rate)
        before = self.scale
        self.scale = min(before, max(before * self.config["factor"], lowest))
        return self.scale < before


class Guard:
    """src/engine/training/divergenceGuard.ts"""

    def __init__(self):
        self.initial, self.running, self.best, self.batches = None, 0.0, None, 0

    def observe(self, loss, norm):
        if not (math.isfinite(loss) and math.isfinite(norm)):
            return "non-finite"
        self.initial = loss if self.initial is None else self.initial
        self.batches += 1
        self.running += (loss - self.running) * max(0.1, 1 / self.batches)
        if self.batches < 10:
            return None
        self.best = min(self.initial if self.best is None else self.best, self.running)
        return "exploding" if self.has_exploded(self.running) else None

    def has_exploded(self, loss):
        initial = loss if self.initial is None else self.initial
        return loss > max(1.05 * initial, 1.5 * (initial if self.best is None else self.best))


class OverfittingWatch:
    """src/engine/training/overfitting.ts"""

    def __init__(self):
        self.best, self.worse, self.said = None, 0, False

    def observe(self, event):
        """Takes an epoch event; returns the sentence to show, if there is one."""
        loss, trained = event.get("heldOutLoss"), event["trainLoss"]
        if loss is None:
            return None
        if self.best is None or loss < self.best["heldOutLoss"]:
            self.best = {key: event[key] for key in ("epoch", "step", "trainLoss", "heldOutLoss")}
            self.worse = 0
            return None
        best = self.best
        falls = best["trainLoss"] is not None and trained is not None and trained < best["trainLoss"]
        self.worse = self.worse + 1 if falls and loss > 1.01 * best["heldOutLoss"] else 0
        if self.said or self.worse < 2:
            return None
        self.said = True
        return (
            f"Overfitting since epoch {best['epoch']} (step {best['step']}): the held-out loss rose from {best['heldOutLoss']:.3f} to "
            f"{loss:.3f} nats while the training loss fell from {best['trainLoss']:.3f} to {trained:.3f}. More text, more dropout, "
            "fewer units or an earlier stop would help."
        )


def read_model(file):
    """Metadata and tensors of a model file."""
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data, "<f4", (end - begin) // 4, 8 + length + begin)
        tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return metadata, tensors


def to_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def write_model(file, metadata, tensors):
    """A model file with its checksums (src/engine/model/modelFile.ts)."""
    entries, data, offset = {}, hashlib.sha256(), 0
    blocks = [(name, tensor.detach().float().cpu().contiguous().numpy().astype("<f4")) for name, tensor in tensors.items()]
    for name, values in blocks:
        entries[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [offset, offset + values.nbytes]}
        offset += values.nbytes
        data.update(values.tobytes())
    metadata = {**metadata, "inkling.checksum": data.hexdigest()}
    metadata.pop("inkling.headerChecksum", None)
    places = sorted([name, [e["dtype"], e["shape"], e["data_offsets"]]] for name, e in entries.items())
    content = to_json([sorted([key, value] for key, value in metadata.items()), places])
    metadata["inkling.headerChecksum"] = hashlib.sha256(content.encode()).hexdigest()
    header = to_json({"__metadata__": metadata, **entries}).encode()
    header += b" " * (-len(header) % 8)
    with replacing(file) as out:
        out.write(len(header).to_bytes(8, "little") + header)
        for _, values in blocks:
            out.write(values.tobytes())


@contextlib.contextmanager
def replacing(file):
    """Opens a file to write; it appears under its name only when it is complete."""
    temporary = file.with_name(file.name + ".tmp")
    with open(temporary, "wb") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())
    os.replace(temporary, file)


class Workers:
    """The processes that train together; one, unless torchrun or Ray started more."""

    def __init__(self):
        if "RANK" in os.environ and not dist.is_initialized():
            dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        self.count = dist.get_world_size() if dist.is_initialized() else 1
        self.rank = dist.get_rank() if dist.is_initialized() else 0
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
            torch.cuda.set_device(self.device)

    def sum(self, tensor):
        if self.count > 1:
            dist.all_reduce(tensor)
        return tensor

    def agree(self, value):
        """The value of the first worker."""
        if self.count == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, device=self.device)
        return box[0]

    def gather(self, value):
        """The values of all workers, in order."""
        if self.count == 1:
            return [value]
        values = [None] * self.count
        dist.all_gather_object(values, value)
        return values


class Run:
    def __init__(self, folder, options):
        self.folder, self.options, self.workers = folder, options, Workers()
        self.device, self.is_first = self.workers.device, self.workers.rank == 0
        self.metadata, self.first_weights = read_model(folder / "first.safetensors")
        config = self.config = json.loads(self.metadata["inkling.config"])
        spec = json.loads(self.metadata["inkling.spec"])
        self.vocabulary = json.loads(self.metadata["inkling.vocabulary"])
        self.job = json.loads((folder / "job.json").read_text("utf-8"))
        self.text = Text(folder, self.job, config, spec["output"]["classes"], self.device)
        torch.manual_seed(config["seed"] + self.workers.rank)
        torch.set_float32_matmul_precision("highest" if options.precision == "fp32" else "high")
        torch.backends.cudnn.allow_tf32 = options.precision != "fp32"
        self.network = Network(spec).to(self.device)
        self.tensors = dict(self.network.named_tensors())
        self.write_weights(self.first_weights)
        self.trained = [p for p in self.network.parameters() if p.requires_grad]
        self.optimiser = self.create_optimiser(config["optimiser"])
        self.schedule = Schedule(config["schedule"], config["optimiser"]["learningRate"])
        self.guard, self.overfitting = Guard(), OverfittingWatch()
        self.is_guarded = config.get("guard", {}).get("kind") != "none"
        self.parallel = self.network
        if self.workers.count > 1:
            self.parallel = nn.parallel.DistributedDataParallel(self.network, broadcast_buffers=False)
        parts = self.workers.count * options.micro_batches
        if self.text.rows < parts:
            raise SystemExit(f"A batch has {self.text.rows} rows, too few for {parts} parts: use fewer workers or micro-batches.")
        first = self.workers.rank * options.micro_batches
        rows = torch.arange(self.text.rows, device=self.device).tensor_split(parts)
        self.parts = rows[first : first + options.micro_batches]
        self.states = [None] * len(self.parts)
        # What a checkpoint contains besides weights, optimiser and states.
        self.progress = {
            "step": 0, "epoch": 0, "seconds": 0.0, "characters": 0, "history": [], "evaluatedStep": -1,
            "epochSums": [0.0, 0, 0], "lastEpochSums": [0.0, 0, 0], "guardEvents": 0, "withoutBest": 0,
            "best": {"loss": None, "step": 0, "epoch": 0},
        }  # fmt: skip
        self.best_weights = self.read_weights()
        self.pending = []
        self.signal = None
        self.learning_rate = 0.0
        self.sent = 0.0

    def create_optimiser(self, settings):
        rate, epsilon = settings["learningRate"], settings.get("epsilon", 1e-7)
        if settings["kind"] == "sgd":
            return torch.optim.SGD(self.trained, rate)
        if settings["kind"] == "rmsprop":
            return torch.optim.RMSprop(self.trained, rate, settings.get("rho", 0.9), epsilon)
        betas = settings.get("beta1", 0.9), settings.get("beta2", 0.999)
        return torch.optim.Adam(self.trained, rate, betas, epsilon, fused=self.device.type == "cuda")

    # Weights

    def read_weights(self):
        return {name: tensor.detach().clone() for name, tensor in self.tensors.items()}

    @torch.no_grad()
    def write_weights(self, weights):
        for name, tensor in self.tensors.items():
            tensor.copy_(weights[name])

    # Training

    def train(self):
        """Until a budget is used up, early stopping, or the stop file. False if it was ended by a signal."""
        resumed = self.load_checkpoint()
        self.started = time.monotonic() - self.progress["seconds"]
        self.looked = self.saved = time.monotonic()
        self.send_start(resumed)
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError):  # Ray trains in a thread, which cannot take signals
                signal.signal(number, lambda number, _: setattr(self, "signal", number))
        progress, config = self.progress, self.config
        gap, next_look, reason = 1, progress["step"] + 1, None
        while reason is None:
            if self.fraction() >= 1:
                reason = "budget"
                break
            epoch_ended = self.step()
            step = progress["step"]
            due = lambda every: epoch_ended if every == "epoch" else step % every == 0
            evaluates, samples = due(config["evaluation"]["every"]), due(config["samples"]["every"])
            if not (step >= next_look or epoch_ended or evaluates or samples):
                continue
            # Only here does the processor wait for the device, and the workers agree on what follows.
            steps = len(self.pending)
            reason = self.take_losses()
            if evaluates and reason is None:
                reason = self.evaluate(epoch_ended)
            elif epoch_ended and reason is None:
                self.send(self.epoch_event(True, None))
            if epoch_ended:
                progress["lastEpochSums"], progress["epochSums"] = progress["epochSums"], [0.0, 0, 0]
            if samples and reason is None:
                self.write_samples()
            now = time.monotonic()
            wanted = steps * PROGRESS_SECONDS / max(now - self.looked, 1e-3)
            save = now - self.saved >= 60 * self.options.checkpoint_minutes
            order = now - self.started, self.signal, (self.folder / "stop").exists(), save, max(1, min(4 * gap, int(wanted)))
            progress["seconds"], number, stopped, save, gap = self.workers.agree(order)
            next_look, self.looked = step + gap, time.monotonic()
            if number is not None or save:
                self.save_checkpoint()
            if number is not None:
                self.notice("paused", f"Ended by a signal at step {step}; started again, it continues from there.")
                return False
            if reason is None and stopped:
                reason = "stopped"
        self.finish(reason)
        return True

    def step(self):
        """One update; returns whether an epoch ended with it. Nothing here waits for the device."""
        progress, optimiser = self.progress, self.config["optimiser"]
        self.learning_rate = self.schedule.rate(progress["step"], self.schedule_fraction())
        epoch, at = divmod(progress["step"], self.text.steps_per_epoch)
        inputs, targets, reset = self.text.train_batch(epoch, at)
        count = (targets >= 0).sum().clamp(min=1)
        scale = self.workers.count / (1 if self.config["objective"]["reduction"] == "sum" else count)
        self.network.train()
        sums = torch.zeros(2, device=self.device)
        for i, rows in enumerate(self.parts):
            keep = (~reset[rows]).float()[:, None]
            state = map_state(self.states[i], lambda x: x * keep)
            is_last = i == len(self.parts) - 1
            with contextlib.nullcontext() if is_last or self.workers.count == 1 else self.parallel.no_sync():
                logits, state = self.parallel(inputs[:, rows], state)
                loss, correct = losses(logits, targets[:, rows])
                (loss * scale).backward()
            self.states[i] = map_state(state, torch.Tensor.detach)
            sums += torch.stack([loss.detach(), correct])
        norm = self.clip([p.grad for p in self.trained], optimiser.get("clipValue", 0), optimiser.get("clipNorm", 0))
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate
        if decay := optimiser.get("weightDecay", 0):
            with torch.no_grad():
                torch._foreach_mul_(self.trained, 1 - self.learning_rate * decay)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.pending.append(torch.cat([sums, torch.stack([count.float(), norm])]))
        progress["step"] += 1
        epoch_ended = at + 1 == self.text.steps_per_epoch
        progress["epoch"] += epoch_ended
        return epoch_ended

    def clip(self, gradients, value, most):
        """Clips each element, then the whole gradient to a Euclidean norm; 0: not. Returns the norm before both."""
        norm = before = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        if value > 0:
            torch._foreach_clamp_min_(gradients, -value)
            torch._foreach_clamp_max_(gradients, value)
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        if most > 0:
            torch._foreach_mul_(gradients, (most / norm).clamp(max=1))
        return before

    def take_losses(self):
        """Takes in the losses of the steps since the last time. Returns a reason to end, if there is one."""
        if not self.pending:
            return None
        rows = torch.stack(self.pending).double()
        self.pending = []
        rows[:, :2] = self.workers.sum(rows[:, :2].contiguous())
        measured, progress = [], self.progress
        for loss_sum, correct, count, norm in rows.tolist():
            loss = loss_sum / count
            progress["characters"] += int(count)
            trouble = self.guard.observe(loss, norm)
            if trouble and not self.is_guarded and trouble == "non-finite":
                self.notice("early-stop", "The loss is no longer a number, and the guard is off: training ends.")
                return "early-stop"
            if trouble and self.is_guarded:
                return self.recover(trouble, loss)
            for i, x in enumerate((loss_sum, int(count), int(correct))):
                progress["epochSums"][i] += x
            measured.append((loss, norm, int(count), int(correct), loss_sum))
        seconds = max(time.monotonic() - self.looked, 1e-6)
        count = sum(m[2] for m in measured)
        most = self.config["optimiser"].get("clipNorm", math.inf)
        fraction = min(1, self.fraction())
        now = time.monotonic() - self.started
        event = {
            "event": "progress", "step": progress["step"], "epoch": progress["epoch"], "seconds": now, "fraction": fraction,
            "trainLoss": sum(m[4] for m in measured) / count,
            "minimumLoss": min(m[0] for m in measured), "maximumLoss": max(m[0] for m in measured),
            "trainAccuracy": sum(m[3] for m in measured) / count, "learningRate": self.learning_rate,
            "gradientNorm": sum(m[1] for m in measured) / len(measured), "charactersPerSecond": count / seconds,
        }  # fmt: skip
        if fraction > 0:
            event["secondsLeft"] = now * (1 - fraction) / fraction
        if "clipValue" not in self.config["optimiser"]:
            event["clippedNorm"] = sum(min(m[1], most) for m in measured) / len(measured)
        self.send(event)
        return None

    def recover(self, trouble, loss):
        """Back to the best weights, with a clean optimiser, an empty state and half the learning rate."""
        progress = self.progress
        self.write_weights(self.best_weights)
        self.optimiser.state.clear()
        self.states = [None] * len(self.parts)
        self.schedule.scale /= 2
        self.guard.running, self.guard.batches = 0.0, 0
        progress["guardEvents"] += 1
        progress["epochSums"], progress["lastEpochSums"] = [0.0, 0, 0], [0.0, 0, 0]
        what = "The loss became infinite" if trouble == "non-finite" else f"The loss exploded ({loss:.2f} nats)"
        restored = progress["best"]["step"]
        where = f"step {restored}" if restored else "the beginning"
        after = self.learning_rate / 2
        self.send({
            "event": "guard", "step": progress["step"], "reason": trouble, "restoredStep": restored,
            "loss": loss if math.isfinite(loss) else 1.7976931348623157e308,
            "learningRateBefore": self.learning_rate, "learningRateAfter": after,
            "message": f"{what} before step {progress['step']}: restored the weights of {where}, learning rate halved to {after:.3g}.",
        })  # fmt: skip
        if progress["guardEvents"] <= MOST_GUARD_EVENTS:
            return None
        self.notice("early-stop", "Training kept diverging; the best weights are kept. Lower the learning rate.")
        return "early-stop"

    # Evaluation

    @torch.no_grad()
    def held_out_loss(self, most):
        """Loss (nats), accuracy and number of held-out targets; None if nothing is held out."""
        if self.text.held_out_tokens == 0:
            return None
        self.network.eval()
        sums = torch.zeros(3, dtype=torch.float64, device=self.device)
        state, workers = None, self.workers
        for inputs, targets, reset in self.text.held_out(most, workers.rank, workers.count):
            if state and state_rows(state) != len(reset):
                state = None
            state = map_state(state, lambda x: x * (~reset).float()[:, None])
            logits, state = self.network(inputs, state)
            loss, correct = losses(logits, targets)
            sums += torch.stack([loss.double(), correct.double(), (targets >= 0).sum().double()])
        loss, correct, count = self.workers.sum(sums).tolist()
        return (loss / count, correct / count, int(count)) if count else None

    def evaluate(self, complete):
        """Measures the weights and keeps them if they are the best. Returns a reason to end, if there is one."""
        progress, config = self.progress, self.config
        held_out = self.held_out_loss(config["evaluation"]["maximumTargets"])
        progress["evaluatedStep"] = progress["step"]
        event = self.epoch_event(complete, held_out)
        event["best"] = self.note_best(event)
        self.send(event)
        if sentence := self.overfitting.observe(event):
            self.notice("overfitting", sentence)
        if held_out and self.schedule.evaluated(held_out[0]):
            rate = self.schedule.rate(progress["step"], self.schedule_fraction())
            self.notice("learning-rate", f"The held-out loss has stopped improving: learning rate lowered to {rate:.3g}.")
        patience = config.get("earlyStopping", {}).get("patience", math.inf)
        if progress["withoutBest"] < patience:
            return None
        best = progress["best"]
        self.notice("early-stop", f"No better held-out loss in {patience} evaluations: stopped, with the weights of epoch {best['epoch']} (step {best['step']}).")
        return "early-stop"

    def recent_losses(self):
        """Of the current epoch or, at its beginning, of the one before. Empty right after the guard intervened."""
        return self.progress["epochSums"] if self.progress["epochSums"][1] else self.progress["lastEpochSums"]

    def epoch_event(self, complete, held_out):
        progress = self.progress
        loss, count, correct = self.recent_losses()
        event = {
            "event": "epoch", "step": progress["step"], "epoch": progress["epoch"], "complete": complete,
            "seconds": time.monotonic() - self.started, "best": False, "learningRate": self.learning_rate,
            "trainLoss": loss / count if count else None, "trainAccuracy": correct / count if count else None,
        }  # fmt: skip
        if held_out:
            event.update(heldOutLoss=held_out[0], heldOutAccuracy=held_out[1])
            if self.is_of_characters:
                event["heldOutBitsPerCharacter"] = held_out[0] / math.log(2)
        return event

    @property
    def is_of_characters(self):
        return self.config["text"]["unit"] == "character"

    def note_best(self, event):
        progress = self.progress
        loss = event.get("heldOutLoss") if self.config["keep"] != "best-train" else None
        loss = event["trainLoss"] if loss is None else loss
        if loss is None or not math.isfinite(loss) or self.guard.has_exploded(loss):
            return False
        if progress["best"]["loss"] is not None and loss >= progress["best"]["loss"]:
            progress["withoutBest"] += 1
            return False
        progress["best"] = {"loss": loss, "step": event["step"], "epoch": event["epoch"]}
        progress["withoutBest"] = 0
        self.best_weights = self.read_weights()
        return True

    @torch.no_grad()
    def write_samples(self):
        settings, tokens, nothing = self.config["samples"], self.vocabulary["tokens"], self.text.vocabulary
        if not self.is_first or not settings["temperatures"]:
            return
        self.network.eval()
        step = self.progress["step"]
        generator = torch.Generator().manual_seed(self.config["seed"] ^ step)
        space = "" if self.is_of_characters else " "
        temperatures = torch.tensor(settings["temperatures"], dtype=torch.float64)[:, None]
        for _ in range(settings["count"]):
            prompt = self.prompt_ids(settings["prompt"], generator)
            ids = torch.tensor([nothing, *prompt], device=self.device)[:, None].expand(-1, len(temperatures))
            state, written = None, []
            for _ in range(settings["length"]):
                logits, state = self.network(ids, state)
                logits = logits[-1].double().cpu()
                chosen = torch.multinomial((logits / temperatures.clamp(min=1e-3)).softmax(-1), 1, generator=generator)
                ids = chosen.T.to(self.device)
                written.append(chosen[:, 0].tolist())
            for i, temperature in enumerate(settings["temperatures"]):
                self.send({
                    "event": "sample", "step": step, "epoch": self.progress["epoch"], "temperature": temperature,
                    "prompt": space.join(tokens[id] for id in prompt), "text": space.join(tokens[ids[i]] for ids in written),
                })  # fmt: skip

    def prompt_ids(self, prompt, generator):
        if prompt["kind"] == "none":
            return []
        if prompt["kind"] == "window":
            start, end = self.text.files[int(torch.randint(len(self.text.files), (1,), generator=generator))]
            start += int(torch.randint(max(1, end - start - self.text.steps), (1,), generator=generator))
            ids = (self.text.tokens[start : min(end, start + self.text.steps)].long() & self.text.mask).tolist()
        else:
            at = {token: id for id, token in enumerate(self.vocabulary["tokens"])}
            ids = [at.get(token, self.text.vocabulary) for token in (prompt["text"] if self.is_of_characters else prompt["text"].split())]
        return [id for id in ids if id < self.text.vocabulary]

    # The end

    def finish(self, reason):
        progress = self.progress
        self.take_losses()
        progress["seconds"] = self.workers.agree(time.monotonic() - self.started)
        if self.config["keep"].startswith("best"):
            if progress["evaluatedStep"] != progress["step"]:
                self.evaluate(False)
            if progress["best"]["loss"] is not None:
                self.write_weights(self.best_weights)
        held_out = self.held_out_loss(math.inf)
        loss, count, _ = self.recent_losses()
        results = {
            "steps": progress["step"], "epochs": progress["epoch"], "seconds": progress["seconds"],
            "trainLoss": loss / count if count else None, "heldOutLoss": held_out and held_out[0],
            "heldOutBitsPerCharacter": held_out and self.is_of_characters and held_out[0] / math.log(2) or None,
        }  # fmt: skip
        file = self.folder / "model.inkling.safetensors"
        done = {
            "event": "done", "model": str(file), **results, "characters": progress["characters"],
            "heldOutAccuracy": held_out and held_out[1], "seed": self.config["seed"], "base": None, "reason": reason,
            "charactersPerSecond": progress["characters"] / max(progress["seconds"], 1e-6), **self.backend(),
        }  # fmt: skip
        if self.is_first:
            history = [*thinned(progress["history"]), done]
            metadata = {**self.metadata, "inkling.history": to_json(history), "inkling.results": to_json(results)}
            write_model(file, metadata, {name: self.tensors[name] for name in self.first_weights})
        self.send(done)

    def backend(self):
        name = torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "CPU"
        return {"backend": "pytorch", "kernel": f"PyTorch {torch.__version__} on {name}, {self.options.precision}", "threads": self.workers.count}

    # Checkpoints

    def save_checkpoint(self):
        cpu = lambda state: map_state(state, torch.Tensor.cpu)
        generators = [torch.get_rng_state(), torch.cuda.get_rng_state() if self.device.type == "cuda" else None]
        own = [cpu(state) for state in self.states], generators
        gathered = self.workers.gather(own)
        self.saved = time.monotonic()
        if not self.is_first:
            return
        states = [state for states, _ in gathered for state in states]
        checkpoint = {
            "progress": {**self.progress, "history": thinned(self.progress["history"])},
            "weights": self.read_weights(), "best": self.best_weights, "optimiser": self.optimiser.state_dict(),
            "schedule": vars(self.schedule), "guard": vars(self.guard), "overfitting": vars(self.overfitting),
            "state": None if None in states else join_states(states), "generators": [g for _, g in gathered],
        }  # fmt: skip
        if not all(weights.isfinite().all() for weights in checkpoint["weights"].values()):
            return  # the guard is about to discard these weights
        file = self.folder / "checkpoint.pt"
        with replacing(file) as out:
            torch.save(checkpoint, out)
        self.send({"event": "checkpoint", "step": self.progress["step"], "path": str(file)})

    def load_checkpoint(self):
        file = self.folder / "checkpoint.pt"
        if not file.exists():
            return False
        checkpoint = torch.load(file, map_location="cpu", weights_only=True)
        self.progress = checkpoint["progress"]
        self.write_weights(checkpoint["weights"])
        self.best_weights = {name: tensor.to(self.device) for name, tensor in checkpoint["best"].items()}
        self.optimiser.load_state_dict(checkpoint["optimiser"])
        vars(self.schedule).update(checkpoint["schedule"])
        vars(self.guard).update(checkpoint["guard"])
        vars(self.overfitting).update(checkpoint["overfitting"])
        if checkpoint["state"] is not None:
            state = map_state(checkpoint["state"], lambda x: x.to(self.device))
            self.states = [map_state(state, lambda x: x[:, rows].contiguous()) for rows in self.parts]
        if len(checkpoint["generators"]) == self.workers.count:
            cpu, cuda = checkpoint["generators"][self.workers.rank]
            torch.set_rng_state(cpu)
            if cuda is not None and self.device.type == "cuda":
                torch.cuda.set_rng_state(cuda)
        return True

    # Budget and events

    def fraction(self):
        """Share of the budget used."""
        budget, progress = self.config["budget"], self.progress
        shares = [0.0]
        if "maxSteps" in budget:
            shares.append(progress["step"] / budget["maxSteps"])
        if "epochs" in budget:
            shares.append(progress["step"] / (budget["epochs"] * self.text.steps_per_epoch))
        if "maxSeconds" in budget:
            shares.append(progress["seconds"] / budget["maxSeconds"])
        return max(shares)

    def schedule_fraction(self):
        epochs = self.config["schedule"].get("epochs")
        return self.progress["step"] / (epochs * self.text.steps_per_epoch) if epochs else self.fraction()

    def send_start(self, resumed):
        budget, text, progress = self.config["budget"], self.text, self.progress
        bounds = [budget[key] * by for key, by in (("maxSteps", 1), ("epochs", text.steps_per_epoch)) if key in budget]
        self.send({
            "event": "start", "config": self.config, "reasons": self.job["reasons"],
            "files": [file["name"] for file in self.job["files"]], "tokens": len(text.tokens),
            "trainTokens": text.train_tokens, "heldOutTokens": text.held_out_tokens, "vocabulary": text.vocabulary,
            "parameters": sum(p.numel() for p in self.trained), "stepsPerEpoch": text.steps_per_epoch,
            **({"totalSteps": min(bounds)} if bounds else {}), "seed": self.config["seed"], "base": None,
            "fromStep": progress["step"], "fromSeconds": progress["seconds"], **self.backend(),
        })  # fmt: skip
        if resumed:
            self.notice("resumed", f"Training continues from the checkpoint of step {progress['step']}.")

    def notice(self, kind, message):
        self.send({"event": "notice", "step": self.progress["step"], "kind": kind, "message": message})

    def send(self, event):
        if not self.is_first:
            return
        if event["event"] not in ("checkpoint", "done"):
            self.progress["history"].append(event)
        # Later than that of the event before: Ray repeats lines in a job's log, and this tells which.
        self.sent = max(round(time.time(), 3), round(self.sent + 0.001, 3))
        line = to_json({**event, "time": self.sent})
        print(line, flush=True)
        with open(self.folder / "events.jsonl", "a", encoding="utf-8") as out:
            out.write(line + "\n")


def losses(logits, targets):
    """Sum of the cross-entropies and number of correct predictions, for logits [T, B, V] and targets [T, B]."""
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="sum")
    return loss, (logits.detach().argmax(-1) == targets).sum().float()


def state_rows(state):
    return (state[0][0] if isinstance(state[0], tuple) else state[0]).shape[1]


def join_states(states):
    """One state for the rows of all."""
    join = lambda own: tuple(torch.cat(x, 1) for x in zip(*own)) if isinstance(own[0], tuple) else torch.cat(own, 1)
    return [join(own) for own in zip(*states)]


def thinned(history):
    """At most 1000 progress events: every second one is left out, as often as necessary."""
    points = [i for i, event in enumerate(history) if event["event"] == "progress"]
    while len(points) > 1000:
        dropped = set(points[::2])
        points = points[1::2]
        history = [event for i, event in enumerate(history) if i not in dropped]
        points = [i for i, event in enumerate(history) if event["event"] == "progress"]
    return history


def train_on_ray(options):
    """The same run in the workers of a Ray cluster; after a lost worker, all continue from the last checkpoint."""
    os.environ["RAY_DEDUP_LOGS"] = "0"  # every event is a line of the job's log
    os.environ.setdefault("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "600")  # nodes may have to be started first
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    script = Path(__file__).resolve()

    def work():
        import sys

        sys.path.insert(0, str(script.parent))
        import train  # the workers read the script themselves: torch's settings cannot be sent to them

        train.Run(options.folder, options).train()

    ray.init()
    TorchTrainer(
        work,
        scaling_config=ScalingConfig(num_workers=options.workers, use_gpu=ray.cluster_resources().get("GPU", 0) >= options.workers),
        run_config=RunConfig(storage_path=str(options.folder / "ray"), failure_config=FailureConfig(max_failures=-1)),
    ).fit()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent, help="the folder of the job")
    parser.add_argument("--ray", action="store_true", help="train on a Ray cluster")
    parser.add_argument("--workers", type=int, default=1, help="Ray workers, one for each GPU")
    parser.add_argument("--micro-batches", type=int, default=1, help="parts of a batch whose gradients are added up, to save memory")
    parser.add_argument("--checkpoint-minutes", type=float, default=2, help="time between two checkpoints")
    parser.add_argument("--precision", choices=["tf32", "fp32"], default="tf32", help="of products on a GPU")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    if options.ray:
        train_on_ray(options)
    elif not Run(options.folder, options).train():
        raise SystemExit(143)


if __name__ == "__main__":
    main()
