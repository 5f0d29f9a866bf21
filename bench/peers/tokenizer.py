"""CLIP's tokenizer as its Python users run it: ftfy, html, the regex module, byte-pair encoding with remembered words, rows of 77 as
torch tensors. `tokenizer.py FOLDER` reads captions.json and merges.txt there and prints one line of JSON.
"""
import hashlib
import html
import json
import os
import sys
import time

import ftfy
import regex
import torch

folder = sys.argv[1]
texts = json.load(open(os.path.join(folder, "captions.json"), encoding="utf-8"))
merges = [tuple(line.split(" ")) for line in open(os.path.join(folder, "merges.txt"), encoding="utf-8").read().split("\n")]

printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
order = printable + [byte for byte in range(256) if byte not in printable]
characters = [chr(byte) if i < 188 else chr(256 + i - 188) for i, byte in enumerate(order)]
byte_encoder = dict(zip(order, characters))
vocabulary = characters + [c + "</w>" for c in characters] + ["".join(pair) for pair in merges] + ["<start_of_text>", "<end_of_text>"]
ids = {token: i for i, token in enumerate(vocabulary)}
ranks = {pair: i for i, pair in enumerate(merges)}
start, end = ids["<start_of_text>"], ids["<end_of_text>"]
words = regex.compile(r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)
remembered = {"<start_of_text>": [start], "<end_of_text>": [end]}


def encode_word(word):
    found = remembered.get(word)
    if found is not None:
        return found
    parts = [byte_encoder[byte] for byte in word.encode("utf-8")]
    parts[-1] += "</w>"
    while len(parts) > 1:
        rank, best = min((ranks.get(pair, 1 << 30), pair) for pair in zip(parts, parts[1:]))
        if rank == 1 << 30:
            break
        merged, i = [], 0
        while i < len(parts):
            if i + 1 < len(parts) and (parts[i], parts[i + 1]) == best:
                merged.append(parts[i] + parts[i + 1])
                i += 2
            else:
                merged.append(parts[i])
                i += 1
        parts = merged
    remembered[word] = [ids[part] for part in parts]
    return remembered[word]


def encode_batch(batch):
    result = torch.zeros(len(batch), 77, dtype=torch.long)
    for i, text in enumerate(batch):
        text = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
        text = " ".join(text.split()).strip().lower()
        tokens = [start]
        for word in words.findall(text):
            tokens.extend(encode_word(word))
        tokens.append(end)
        if len(tokens) > 77:
            tokens = tokens[:77]
            tokens[-1] = end
        result[i, : len(tokens)] = torch.tensor(tokens)
    return result


def rate(seconds):
    begin, passes = time.perf_counter(), 0
    while True:
        for batch in batches:
            encode_batch(batch)
        passes += 1
        if time.perf_counter() - begin >= seconds:
            return passes * len(texts) / (time.perf_counter() - begin)


torch.set_num_threads(1)
batches = [texts[i : i + 256] for i in range(0, len(texts), 256)]
digest = hashlib.sha256()
for batch in batches:
    digest.update(encode_batch(batch).int().numpy().tobytes())
rate(0.5)
versions = f"ftfy {ftfy.__version__}, regex {regex.__version__}, torch {torch.__version__}, Python {sys.version.split()[0]}"
print(json.dumps({"perSecond": rate(2), "sha256": digest.hexdigest(), "versions": versions}))
