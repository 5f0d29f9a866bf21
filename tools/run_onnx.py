"""Runs a model by Python's onnxruntime: `run_onnx.py MODEL < feeds.json > outputs.json`, arrays as {"dtype", "shape", "data"}."""
import json
import sys

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
feeds = {name: np.array(array["data"], array["dtype"]).reshape(array["shape"]) for name, array in json.load(sys.stdin).items()}
names = [output.name for output in session.get_outputs()]
outputs = zip(names, session.run(names, feeds))
json.dump({name: {"shape": list(output.shape), "data": output.ravel().tolist()} for name, output in outputs}, sys.stdout)
