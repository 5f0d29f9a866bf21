#!/usr/bin/env python3
"""Adapters of PEFT over a tiny CLIPModel of transformers.

    python adapters.py make FOLDER             this fixture: FOLDER/base, FOLDER/adapter, FOLDER/outputs.safetensors
    python adapters.py run FOLDER ADAPTER OUT  outputs of FOLDER/base with the adapters of the folder ADAPTER, on the fixture's inputs
    needs: pip install torch transformers peft safetensors
"""
import os
import sys
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPModel


def features(model, images, texts):
    model.eval()
    with torch.no_grad():
        output = model(input_ids=texts, pixel_values=images)
    return {'image_features': output.image_embeds, 'text_features': output.text_embeds}


def make(folder):
    torch.manual_seed(1)
    shared = {'projection_dim': 6, 'num_hidden_layers': 2, 'hidden_act': 'quick_gelu'}
    text = {'vocab_size': 20, 'hidden_size': 12, 'intermediate_size': 48, 'num_attention_heads': 3, 'max_position_embeddings': 5}
    vision = {'hidden_size': 16, 'intermediate_size': 64, 'num_attention_heads': 2, 'image_size': 8, 'patch_size': 4}
    config = CLIPConfig(
        text_config={**shared, **text, 'bos_token_id': 18, 'eos_token_id': 19, 'pad_token_id': 0},
        vision_config={**shared, **vision},
        projection_dim=6,
    )
    base = CLIPModel(config)
    for parameter in base.parameters():
        parameter.data = torch.randn_like(parameter) * 0.2
    base.save_pretrained(f'{folder}/base')
    # k has no adapters, fc1 a rank and an alpha of its own; B is not zero
    lora = LoraConfig(
        r=2,
        lora_alpha=8,
        use_rslora=True,
        target_modules=['q_proj', 'v_proj', 'out_proj', 'fc1', 'patch_embedding'],
        rank_pattern={'fc1': 3},
        alpha_pattern={'fc1': 5},
        init_lora_weights=False,
    )
    adapted = get_peft_model(base, lora)
    adapted.save_pretrained(f'{folder}/adapter')
    os.remove(f'{folder}/adapter/README.md')
    inputs = {'images': torch.randn(2, 3, 8, 8), 'texts': torch.tensor([[18, 4, 5, 19, 0], [18, 7, 19, 0, 0]])}
    save_file({**inputs, **features(adapted, **inputs)}, f'{folder}/outputs.safetensors')


def run(folder, adapter, out):
    inputs = {name: load_file(f'{folder}/outputs.safetensors')[name] for name in ('images', 'texts')}
    adapted = PeftModel.from_pretrained(CLIPModel.from_pretrained(f'{folder}/base'), adapter)
    save_file(features(adapted, **inputs), out)


command, *arguments = sys.argv[1:]
{'make': make, 'run': run}[command](*arguments)
