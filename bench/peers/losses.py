"""Value and gradient of one loss in PyTorch, timed: the peer of `npm run bench -- losses`, which runs it.

usage: python3 losses.py LOSS FOLDER B P T K D SECONDS
FOLDER holds the inputs as raw float32. Prints one line of JSON: milliseconds of every step that counts, peak memory beyond the inputs, the value.
"""

import json
import os
import sys
import time

import numpy
import torch
import torch.nn.functional as F

name, folder = sys.argv[1:3]
B, P, T, K, D = map(int, sys.argv[3:8])
seconds = float(sys.argv[8])
N = B * (1 + K)
torch.set_num_threads(os.cpu_count())
shapes = {
    "imageFeatures": [B, D],
    "textFeatures": [N, D],
    "imageTokens": [B, P, D],
    "textTokens": [N, T, D],
    "textMask": [N, T],
    "negativeMask": [K, B],
    "logitScale": [],
}


def read(array, shape):
    return torch.from_numpy(numpy.fromfile(f"{folder}/{array}.f32", dtype=numpy.float32).reshape(shape))


given = {array: read(array, shape) for array, shape in shapes.items()}
valid = torch.cat([torch.ones(1, B), given["negativeMask"]]).t()  # [B, 1+K]
diagonal = torch.arange(B)


def clip(x):
    logits = x["logitScale"] * x["imageFeatures"] @ x["textFeatures"][:B].t()
    return (F.cross_entropy(logits, diagonal) + F.cross_entropy(logits.t(), diagonal)) / 2


def neg_clip(x):
    columns = torch.cat([torch.ones(B), given["negativeMask"].flatten()])
    logits = x["logitScale"] * (x["imageFeatures"] @ x["textFeatures"].t()) * columns
    return (F.cross_entropy(logits, diagonal) + F.cross_entropy(logits[:, :B].t(), diagonal)) / 2


def sigmoid(x):
    logits = x["logitScale"] * x["imageFeatures"] @ x["textFeatures"][:B].t() - 10
    return -F.logsigmoid((2 * torch.eye(B) - 1) * logits).sum() / B


def calibrated(logits, gamma=2.0, smoothing=0.02):
    count = valid.sum(1, keepdim=True)
    labels = valid * smoothing / count
    labels[:, 0] += 1 - smoothing
    log_p = F.log_softmax(logits, 1)
    rows = (labels * (1 - log_p.exp()) ** gamma * -log_p).sum(1)
    return rows[count[:, 0] > 1].mean()


def global_negative(x):
    cosines = torch.einsum("bd,mbd->bm", x["imageFeatures"], x["textFeatures"].view(1 + K, B, D))
    return calibrated(x["logitScale"] * cosines * valid)


def local_negative(x):
    images, texts = x["imageTokens"], x["textTokens"].view(1 + K, B, T, D)
    with torch.no_grad():
        similarity = torch.einsum("mbtd,bpd->mbtp", texts, images)
        low = similarity.amin(-1, keepdim=True)
        weights = (similarity - low) / (similarity.amax(-1, keepdim=True) - low)
        weights = weights / weights.sum(-1, keepdim=True)
    grouped = F.normalize(torch.einsum("mbtp,bpd->mbtd", weights, images), dim=-1)
    cosines = (grouped * F.normalize(texts, dim=-1)).sum(-1)
    logits = (x["logitScale"] * cosines).masked_fill(given["textMask"].view(1 + K, B, T) == 0, float("-inf"))
    return calibrated(torch.logsumexp(logits, -1).t() * valid)


features, tokens = ["imageFeatures", "textFeatures", "logitScale"], ["imageTokens", "textTokens", "logitScale"]
losses = {
    "clipLoss": (clip, features),
    "negClipLoss": (neg_clip, features),
    "sigmoidLoss": (sigmoid, features),
    "globalNegativeLoss": (global_negative, features),
    "localNegativeLoss": (local_negative, tokens),
    "fscClipLoss": (
        lambda x: clip(x) + 0.5 * global_negative(x) + 0.2 * local_negative(x),
        ["imageFeatures", "textFeatures", "imageTokens", "textTokens", "logitScale"],
    ),
}
loss, names = losses[name]


def status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


inputs = dict(given)
for each in names:
    inputs[each] = given[each].clone().requires_grad_()
with open("/proc/self/clear_refs", "w") as reset:
    reset.write("5")  # from here on VmHWM is the peak
before = status("VmRSS")
milliseconds = []
began = time.perf_counter()
while time.perf_counter() - began < 2 * seconds or len(milliseconds) < 3:
    for each in names:
        inputs[each].grad = None
    start = time.perf_counter()
    value = loss(inputs)
    value.backward()
    if start - began >= seconds:  # before that it warms up
        milliseconds.append((time.perf_counter() - start) * 1e3)
print(json.dumps({"milliseconds": milliseconds, "peakBytes": status("VmHWM") - before, "value": value.item(), "peer": f"PyTorch {torch.__version__}"}))
