"""CLIP's evaluation transform as its Python users run it: Pillow decodes and resizes, torchvision makes tensors. Without torchvision the same steps,
spelled out as torchvision 0.28 takes them on Pillow's pictures.

    images.py make FOLDER       24 JPEG files of 500x375 and 375x500, 40 to 80 KB each: noise smoothed on several scales
    images.py measure FOLDER    one line of JSON: milliseconds a picture, the fastest of 20 passes
"""
import hashlib
import io
import json
import os
import sys
import time

import numpy as np
import PIL
import torch
from PIL import Image

mode, folder = sys.argv[1:]

if mode == "make":
    rng = np.random.default_rng(0)
    for i in range(24):
        w, h = (500, 375) if i % 3 else (375, 500)
        pixels = np.full((h, w, 3), 128.0)
        for cell, gain in ((64, 60), (16, 40), (4, 24), (2, 14)):
            small = rng.normal(size=(h // cell + 2, w // cell + 2, 3)) * gain
            layers = [Image.fromarray(small[..., c].astype(np.float32)).resize((w, h), Image.BICUBIC) for c in range(3)]
            pixels += np.stack([np.asarray(layer) for layer in layers], -1)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(os.path.join(folder, f"{i:02}.jpg"), quality=85)
    sys.exit()

torch.set_num_threads(1)
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
try:
    import torchvision
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor

    name = f"torchvision {torchvision.__version__}"
    transform = Compose([Resize(224, interpolation=InterpolationMode.BICUBIC), CenterCrop(224), ToTensor(), Normalize(MEAN, STD)])
except (ImportError, RuntimeError):  # not there, or built for another torch
    name = "torchvision's steps"
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, STD))

    def transform(image):
        w, h = image.size
        size = (224, int(224 * h / w)) if w <= h else (int(224 * w / h), 224)
        image = image.resize(size, Image.BICUBIC)
        left, top = round((image.width - 224) / 2), round((image.height - 224) / 2)
        image = image.crop((left, top, left + 224, top + 224))
        tensor = torch.from_numpy(np.array(image, np.uint8, copy=True)).view(224, 224, 3).permute(2, 0, 1).contiguous()
        return tensor.to(torch.float32).div(255).clone().sub_(mean).div_(std)


files = [open(os.path.join(folder, file), "rb").read() for file in sorted(os.listdir(folder))]
total, stages = float("inf"), {"decode": float("inf"), "transform": float("inf")}
digest = hashlib.sha256()
for run in range(20):
    decode = transformed = 0.0
    for data in files:
        start = time.perf_counter()
        image = Image.open(io.BytesIO(data)).convert("RGB")
        decoded = time.perf_counter()
        tensor = transform(image)
        decode += decoded - start
        transformed += time.perf_counter() - decoded
        if run == 0:
            digest.update(tensor.numpy().tobytes())
    total = min(total, (decode + transformed) / len(files) * 1e3)
    stages = {"decode": min(stages["decode"], decode / len(files) * 1e3), "transform": min(stages["transform"], transformed / len(files) * 1e3)}
versions = f"Pillow {PIL.__version__}, {name}, torch {torch.__version__}"
print(json.dumps({"milliseconds": total, "stages": stages, "sha256": digest.hexdigest(), "versions": versions}))
