import { OptionError } from '@fsc-clip/core';
import type { ClipConfig } from './clip-config.js';

/**
 * Refuses a config that these towers cannot run: keys of other architectures (CLIPA, CoCa, SigLIP, EVA, timm and Hugging Face text
 * towers), sizes that are no positive integers, and sizes that do not divide each other.
 *
 * @param name - the calling function, for the message
 * @throws OptionError naming the key
 */
export function checkConfig(name: string, config: ClipConfig): void {
  const optional = ['mlp_ratio', 'ls_init_value'];
  checkSection(name, 'config', config, { integers: ['embed_dim'], others: ['vision_cfg', 'text_cfg', 'quick_gelu'] });
  const { vision_cfg: vision, text_cfg: text, quick_gelu } = config;
  const heads = vision?.head_width === undefined ? [] : ['head_width'];
  checkSection(name, 'vision_cfg', vision, {
    integers: ['image_size', 'patch_size', 'width', 'layers', ...heads],
    others: ['head_width', 'patch_dropout', ...optional],
  });
  checkSection(name, 'text_cfg', text, { integers: ['context_length', 'vocab_size', 'width', 'heads', 'layers'], others: optional });
  if (quick_gelu !== undefined && typeof quick_gelu !== 'boolean') refuse(name, 'quick_gelu', 'must be a boolean', quick_gelu);
  const { patch_dropout: dropout = 0 } = vision;
  if (!(dropout >= 0 && dropout < 1)) refuse(name, 'vision_cfg.patch_dropout', 'must be in [0, 1)', dropout);
  checkDivides(name, 'vision_cfg.patch_size', vision.patch_size, 'image_size', vision.image_size);
  checkDivides(name, 'vision_cfg.head_width', vision.head_width ?? 64, 'width', vision.width);
  checkDivides(name, 'text_cfg.heads', text.heads, 'width', text.width);
}

interface SectionKeys {
  readonly integers: readonly string[];
  readonly others: readonly string[];
}

function checkSection(name: string, section: string, value: object, { integers, others }: SectionKeys): void {
  if (typeof value !== 'object' || value === null) refuse(name, section, 'must be an object', value);
  const path = (key: string) => (section === 'config' ? key : `${section}.${key}`);
  const known = new Set([...integers, ...others]);
  for (const key of Object.keys(value)) {
    const hint = 'Only plain ViT towers with learned positions are built';
    if (!known.has(key)) refuse(name, path(key), `must be one of ${[...known].join(', ')}`, key, hint);
  }
  const values = new Map<string, unknown>(Object.entries(value));
  for (const key of integers) {
    const size = values.get(key);
    if (!Number.isSafeInteger(size) || Number(size) < 1) refuse(name, path(key), 'must be a positive integer', size);
  }
  for (const key of ['mlp_ratio', 'ls_init_value']) {
    const factor = values.get(key);
    if (factor !== undefined && !(Number.isFinite(factor) && Number(factor) > 0))
      refuse(name, path(key), 'must be a positive number', factor);
  }
}

function checkDivides(name: string, key: string, part: number, whole: string, size: number): void {
  if (size % part !== 0) refuse(name, key, `must divide ${whole} ${size}`, part);
}

function refuse(name: string, argument: string, rule: string, got: unknown, hint?: string): never {
  throw new OptionError({ function: name, argument, rule, got: JSON.stringify(got) ?? 'nothing', ...(hint && { hint }) });
}
