import { type ClipOutput, checkShapes, type Key, OptionError, type PackedTexts, type Params, ShapeError } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import { exp, type Scalar, type Tensor, type Tensor2D, type Tensor4D, tensor, tidy } from '@tensorflow/tfjs-core';
import { checkConfig } from '../config/check-config.js';
import type { ClipConfig } from '../config/clip-config.js';
import { configs, type ModelName } from '../config/configs.js';
import { normalize } from '../layers/normalize.js';
import type { LoraDropout } from '../lora/lora-dropout.js';
import { type LoraScale, loraScaling } from '../lora/lora-scale.js';
import { nearest } from '../weights/nearest.js';
import { imageTower } from './image-tower.js';
import { initialize } from './initialize.js';
import { parametersOf, shapesOf } from './parameters.js';
import { keepPatches, type PatchDropout } from './patch-dropout.js';
import { type TextInput, textTower } from './text-tower.js';
import { type LoraRun, type Shapes, weightsOf } from './weights.js';

/** What a model takes. */
export type ModelInput = {
  /** f32 [B, 3, S, S], normalised. */
  readonly images: Tensor;
} & (
  | {
      /** i32 [N, T], start … end, padded with zeros; T may be smaller than the model's context. */
      readonly texts: Tensor;
      /** The same texts by `packTexts`, without their padding: equal results, less to compute. Then `texts` are not looked at. */
      readonly packed?: PackedTexts<Tensor>;
    }
  | { readonly packed: PackedTexts<Tensor>; readonly texts?: Tensor }
);

/** What a model returns without dense tokens. */
export type ClipFeatures<A> = Pick<ClipOutput<A>, 'imageFeatures' | 'textFeatures' | 'logitScale'>;

/** Options of `apply`. */
export interface ApplyOptions {
  /** Also return every position's token and the mask of the texts, as the local loss needs them. @defaultValue false */
  readonly denseTokens?: boolean;
  /** Dropout before adapters, while training. @defaultValue none, as in the reference */
  readonly loraDropout?: LoraDropout;
  /**
   * Leaves out patches of the images, while training. `imageTokens` are then those of the patches that are left, in the order in which they
   * lie in the image: P is their number.
   * @defaultValue none, whatever the config's `vision_cfg.patch_dropout`: it is the rate, the key switches it on
   */
  readonly patchDropout?: PatchDropout;
  /**
   * Keeps only what goes into each residual block and computes the block again in the backward pass: less memory, more time, equal
   * results (open_clip's `set_grad_checkpointing`). @defaultValue false
   */
  readonly remat?: boolean;
}

/** Options of `createModel`. */
export interface ModelOptions extends LoraScale {
  /** Overrides the config's activation: what counts is how the weights were trained. @defaultValue the config's `quick_gelu` */
  readonly quickGelu?: boolean;
  /** Overrides the config's side of the images, a multiple of its patches. @defaultValue the config's `image_size` */
  readonly imageSize?: number;
  /** Overrides the config's number of text positions. @defaultValue the config's `context_length` */
  readonly contextLength?: number;
}

/** A CLIP model: pure functions over a record of weights, which it never holds. */
export interface Model {
  readonly config: ClipConfig;
  /** Adapters count `loraAlpha / rank` times, */
  readonly loraAlpha: number;
  /** or, rank-stabilised, `loraAlpha / √rank` times. */
  readonly rsLora: boolean;
  /**
   * Whether the activation was stated: by `quickGelu`, by a config with `quick_gelu`, or by a name in `-quickgelu`. Otherwise it is
   * open_clip's default, and weights whose file does not say their activation are refused.
   */
  readonly quickGeluGiven: boolean;
  /** Shape of every parameter, adapters left out, in open_clip's names and order. */
  readonly shapes: Shapes;
  /** New weights with open_clip's initialisation. Every parameter draws under its own name: same key, same numbers, in any order. */
  init(key: Key): Params<Tensor>;
  /**
   * Both towers. Features have unit length, tokens have not; `logitScale` is `exp` of the parameter.
   *
   * @throws ShapeError for inputs or weights of another shape, WeightsError for a missing weight
   */
  apply(params: Params<Tensor>, input: ModelInput, options: ApplyOptions & { readonly denseTokens: true }): ClipOutput<Tensor>;
  apply(params: Params<Tensor>, input: ModelInput, options?: ApplyOptions): ClipFeatures<Tensor>;
  /** Images f32 [B, 3, S, S] to unit features [B, D]. Uses only weights under `visual.` */
  encodeImage(params: Params<Tensor>, images: Tensor): Tensor2D;
  /** Texts i32 [N, T], or packed ones, to unit features [N, D]. Uses no weight under `visual.` */
  encodeText(params: Params<Tensor>, texts: Tensor | PackedTexts<Tensor>): Tensor2D;
}

/**
 * A CLIP model from one of open_clip's names or a config in its JSON format.
 *
 * All functions of the result are pure and made of tfjs ops: differentiate them, run them eagerly, or compile them with `jit`.
 * Linear layers use the adapters (`….lora_A`, `….lora_B`) that they find among the weights.
 *
 * @throws OptionError for an unknown name, a config of another architecture, or an option out of its range
 * @example
 * const model = createModel('ViT-B-32-quickgelu');
 * const params = model.init(createKey(0));
 * const { imageFeatures, textFeatures, logitScale } = model.apply(params, { images, texts });
 */
export function createModel(nameOrConfig: ModelName | ClipConfig, options: ModelOptions = {}): Model {
  const given = findConfig(nameOrConfig);
  const config = overridden(given, options);
  const { loraAlpha = 1, rsLora = false } = options;
  const scaling = loraScaling('createModel', { loraAlpha, rsLora });
  const parameters = parametersOf(config);
  const shapes = shapesOf(parameters);

  const runImages = (
    caller: string,
    params: Params<Tensor>,
    images: Tensor,
    { denseTokens = false, loraDropout, patchDropout, remat = false }: ApplyOptions,
  ) => {
    const { image_size: side, patch_size: patch } = config.vision_cfg;
    checkShapes(caller, { images: [images, `* 3 ${side} ${side}`] });
    const kept = patchDropout && keepPatches(caller, images.shape[0]!, (side / patch) ** 2, withRate(caller, patchDropout));
    const weights = weightsOf(caller, params, shapes, loraRun(caller, loraDropout), 'visual.');
    return imageTower(weights, config, images as Tensor4D, denseTokens, { remat, ...(kept && { kept }) });
  };
  const withRate = (caller: string, { key, rate = config.vision_cfg.patch_dropout }: PatchDropout): Required<PatchDropout> => {
    if (rate !== undefined) return { key, rate };
    const hint = 'The config has no `vision_cfg.patch_dropout`';
    throw new OptionError({ function: caller, argument: 'patchDropout.rate', rule: 'must be in [0, 1)', got: 'none', hint });
  };
  const runTexts = (
    caller: string,
    params: Params<Tensor>,
    texts: Tensor | PackedTexts<Tensor>,
    { denseTokens = false, loraDropout, remat = false }: ApplyOptions,
  ) => {
    checkTexts(caller, texts, config.text_cfg.context_length);
    return textTower(weightsOf(caller, params, shapes, loraRun(caller, loraDropout)), config, texts as TextInput, denseTokens, remat);
  };
  const loraRun = (caller: string, dropout: LoraDropout | undefined): LoraRun => {
    if (dropout && !(dropout.rate >= 0 && dropout.rate < 1))
      throw new OptionError({ function: caller, argument: 'loraDropout.rate', rule: 'must be in [0, 1)', got: String(dropout.rate) });
    return { scaling, ...(dropout && { dropout }) };
  };

  function apply(params: Params<Tensor>, input: ModelInput, options: ApplyOptions & { readonly denseTokens: true }): ClipOutput<Tensor>;
  function apply(params: Params<Tensor>, input: ModelInput, options?: ApplyOptions): ClipFeatures<Tensor>;
  function apply(params: Params<Tensor>, input: ModelInput, options: ApplyOptions = {}): ClipFeatures<Tensor> | ClipOutput<Tensor> {
    return tidy(() => {
      const image = runImages('apply', params, input.images, options);
      const text = runTexts('apply', params, input.packed ?? (input.texts as Tensor), options);
      const features = {
        imageFeatures: normalize(image.pooled),
        textFeatures: normalize(text.pooled),
        logitScale: exp(weightsOf('apply', params, shapes, { scaling }).get<Scalar>('logit_scale')),
      };
      if (!image.tokens || !text.dense) return features;
      return { ...features, imageTokens: image.tokens, textTokens: text.dense.tokens, textMask: text.dense.mask };
    });
  }

  return {
    config,
    loraAlpha,
    rsLora,
    quickGeluGiven: (options.quickGelu ?? given.quick_gelu) !== undefined,
    shapes,
    init: (key) =>
      mapParams(parameters, (parameter, name) => {
        const { data, shape } = initialize(key, name, parameter);
        return tensor(data, [...shape]);
      }),
    apply,
    encodeImage: (params, images) => tidy(() => normalize(runImages('encodeImage', params, images, {}).pooled)),
    encodeText: (params, texts) => tidy(() => normalize(runTexts('encodeText', params, texts, {}).pooled)),
  };
}

function findConfig(nameOrConfig: ModelName | ClipConfig): ClipConfig {
  const known: Readonly<Record<string, ClipConfig>> = configs;
  if (typeof nameOrConfig === 'string' && !Object.hasOwn(known, nameOrConfig)) {
    const hint = `The nearest is ${nearest(nameOrConfig, Object.keys(known))}; any open_clip JSON config of a plain ViT can be passed instead`;
    throw new OptionError({
      function: 'createModel',
      argument: 'nameOrConfig',
      rule: 'must be a known model',
      got: `'${nameOrConfig}'`,
      hint,
    });
  }
  const given = typeof nameOrConfig === 'string' ? known[nameOrConfig]! : nameOrConfig;
  checkConfig('createModel', given);
  return given;
}

function overridden(given: ClipConfig, { quickGelu, imageSize, contextLength }: ModelOptions): ClipConfig {
  // What comes out says everything: the activation is never left to a default.
  const config: ClipConfig = {
    ...given,
    vision_cfg: { ...given.vision_cfg, ...(imageSize !== undefined && { image_size: imageSize }) },
    text_cfg: { ...given.text_cfg, ...(contextLength !== undefined && { context_length: contextLength }) },
    quick_gelu: quickGelu ?? given.quick_gelu ?? false,
  };
  checkConfig('createModel', config);
  return config;
}

function checkTexts(caller: string, texts: Tensor | PackedTexts<Tensor>, context: number): void {
  const packed = 'ids' in texts;
  if (packed) {
    const { ids, positions, reach, gather, endIndex, mask } = texts;
    checkShapes(caller, {
      'packed.ids': [ids, 'R L'],
      'packed.positions': [positions, 'R L'],
      'packed.reach': [reach, 'R L'],
      'packed.gather': [gather, 'N T'],
      'packed.endIndex': [endIndex, 'N'],
      'packed.mask': [mask, 'N T'],
    });
  } else {
    checkShapes(caller, { texts: [texts, 'N T'] });
  }
  const integers = packed
    ? ([
        ['packed.ids', texts.ids],
        ['packed.gather', texts.gather],
      ] as const)
    : ([['texts', texts]] as const);
  for (const [argument, { dtype }] of integers) {
    if (dtype !== 'int32') throw new ShapeError({ function: caller, argument, rule: 'must be int32', got: dtype });
  }
  const [argument, positions] = packed ? ['packed.gather', texts.gather.shape[1]!] : ['texts', texts.shape[1]!];
  if (positions > context) {
    throw new ShapeError({ function: caller, argument, rule: `must have at most ${context} positions`, got: String(positions) });
  }
}
