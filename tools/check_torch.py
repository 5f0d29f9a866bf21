#!/usr/bin/env python3
"""Goes on with a checkpoint of ours in PyTorch: one step of torch.optim.AdamW, whose gradients are the parameters themselves.

    python check_torch.py CHECKPOINT.pt AFTER.pt
    needs: pip install torch numpy

CHECKPOINT.pt is read with weights_only=True, once mapped into memory. Its optimizer state is loaded strictly. AFTER.pt is what
torch.save makes of weights and optimizer after the step, in the same layout.
"""
import sys
import torch

source, target = sys.argv[1:]
checkpoint = torch.load(source, weights_only=True)
mapped = torch.load(source, weights_only=True, mmap=True)
assert all(torch.equal(value, mapped['state_dict'][name]) for name, value in checkpoint['state_dict'].items())

parameters = {name: torch.nn.Parameter(value) for name, value in checkpoint['state_dict'].items()}
plain = lambda name, p: p.ndim < 2 or any(part in name for part in ('bn', 'ln', 'bias', 'logit_scale'))
groups = [
    {'params': [p for name, p in parameters.items() if plain(name, p)], 'weight_decay': 0.0},
    {'params': [p for name, p in parameters.items() if not plain(name, p)], 'weight_decay': 0.1},
]
optimizer = torch.optim.AdamW(groups, lr=1.0, betas=(0.5, 0.5), eps=1.0)
optimizer.load_state_dict(checkpoint['optimizer'])
for p in parameters.values():
    p.grad = p.detach().clone()
optimizer.step()
torch.save(
    {
        'epoch': checkpoint['epoch'] + 1,
        'name': checkpoint['name'],
        'state_dict': {name: p.detach() for name, p in parameters.items()},
        'optimizer': optimizer.state_dict(),
    },
    target,
)
