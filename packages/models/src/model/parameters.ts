import { createParams, mapParams } from '@fsc-clip/core/tensor';
import { type ClipConfig, type TransformerSizes, textSizes, visionSizes } from '../config/clip-config.js';
import type { Shapes } from './weights.js';

/** How a parameter begins: all one value, normal with mean 0, or uniform around 0. */
export type Initial = { readonly value: number } | { readonly std: number } | { readonly bound: number };

/** One parameter of a model. */
export interface Parameter {
  readonly shape: readonly number[];
  readonly initial: Initial;
}

/** Standard deviations (text tower), or PyTorch's own initialisation of the layers (image tower). */
interface BlockInitial {
  readonly inProjection: Initial;
  readonly outProjection: Initial;
  readonly fc: Initial;
  readonly projection: Initial;
}

/**
 * Every parameter of a model in the order of open_clip's state_dict, with open_clip's initialisation: its text tower has standard
 * deviations of its own; its image tower leaves the layers as PyTorch makes them.
 */
export function parametersOf(config: ClipConfig): Readonly<Record<string, Parameter>> {
  const { embed_dim: dim, vision_cfg: vision, text_cfg: text } = config;
  const visual = visionSizes(vision);
  const textual = textSizes(text);
  const positions = (vision.image_size / vision.patch_size) ** 2 + 1;
  const patch = vision.patch_size;
  const visualStd: Initial = { std: visual.width ** -0.5 };
  const outStd: Initial = { std: textual.width ** -0.5 * (2 * textual.layers) ** -0.5 };
  return createParams<Parameter>([
    ['positional_embedding', { shape: [text.context_length, textual.width], initial: { std: 0.01 } }],
    ['text_projection', { shape: [textual.width, dim], initial: { std: textual.width ** -0.5 } }],
    ['logit_scale', { shape: [], initial: { value: Math.log(1 / 0.07) } }],
    ['visual.class_embedding', { shape: [visual.width], initial: visualStd }],
    ['visual.positional_embedding', { shape: [positions, visual.width], initial: visualStd }],
    ['visual.proj', { shape: [visual.width, dim], initial: visualStd }],
    ['visual.conv1.weight', { shape: [visual.width, 3, patch, patch], initial: { bound: (3 * patch * patch) ** -0.5 } }],
    ...layerNormParameters('visual.ln_pre', visual.width),
    ...blocks('visual.transformer.', visual, {
      inProjection: { bound: Math.sqrt(6 / (4 * visual.width)) }, // Xavier over [3w, w]
      outProjection: { bound: visual.width ** -0.5 },
      fc: { bound: visual.width ** -0.5 },
      projection: { bound: visual.mlpWidth ** -0.5 },
    }),
    ...layerNormParameters('visual.ln_post', visual.width),
    ...blocks('transformer.', textual, {
      inProjection: { std: textual.width ** -0.5 },
      outProjection: outStd,
      fc: { std: (2 * textual.width) ** -0.5 },
      projection: outStd,
    }),
    ['token_embedding.weight', { shape: [text.vocab_size, textual.width], initial: { std: 0.02 } }],
    ...layerNormParameters('ln_final', textual.width),
  ]);
}

/** The shapes alone. */
export function shapesOf(parameters: Readonly<Record<string, Parameter>>): Shapes {
  return mapParams(parameters, ({ shape }) => shape);
}

type Named = readonly [name: string, parameter: Parameter];

function layerNormParameters(name: string, width: number): Named[] {
  return [
    [`${name}.weight`, { shape: [width], initial: { value: 1 } }],
    [`${name}.bias`, { shape: [width], initial: { value: 0 } }],
  ];
}

function blocks(prefix: string, sizes: TransformerSizes, initial: BlockInitial): Named[] {
  return Array.from({ length: sizes.layers }, (_, i) => block(`${prefix}resblocks.${i}.`, sizes, initial)).flat();
}

function block(prefix: string, { width, mlpWidth, layerScale }: TransformerSizes, initial: BlockInitial): Named[] {
  const scale = (name: string): Named[] =>
    layerScale === undefined ? [] : [[`${prefix}${name}.gamma`, { shape: [width], initial: { value: layerScale } }]];
  return [
    ...layerNormParameters(`${prefix}ln_1`, width),
    [`${prefix}attn.in_proj_weight`, { shape: [3 * width, width], initial: initial.inProjection }],
    [`${prefix}attn.in_proj_bias`, { shape: [3 * width], initial: { value: 0 } }],
    [`${prefix}attn.out_proj.weight`, { shape: [width, width], initial: initial.outProjection }],
    [`${prefix}attn.out_proj.bias`, { shape: [width], initial: { value: 0 } }],
    ...scale('ls_1'),
    ...layerNormParameters(`${prefix}ln_2`, width),
    [`${prefix}mlp.c_fc.weight`, { shape: [mlpWidth, width], initial: initial.fc }],
    [`${prefix}mlp.c_fc.bias`, { shape: [mlpWidth], initial: { bound: width ** -0.5 } }],
    [`${prefix}mlp.c_proj.weight`, { shape: [width, mlpWidth], initial: initial.projection }],
    [`${prefix}mlp.c_proj.bias`, { shape: [width], initial: { bound: mlpWidth ** -0.5 } }],
    ...scale('ls_2'),
  ];
}
