import { parseArgs } from 'node:util';
import { OptionError } from '@fsc-clip/core';
import type { OnnxVariant, StoredFloats } from '@fsc-clip/models';

/** What `npm run convert -- --help` prints. */
export const usage = `Converts the weights of a CLIP: PyTorch and safetensors files into each other, LoRA merged, ONNX for other runtimes.

  npm run convert -- in.pt out.safetensors            also .pth, .bin, .ckpt, and an .index.json of several files
  npm run convert -- in.safetensors out.pt            what torch.load(…, weights_only=True) and open_clip read
  npm run convert -- lora.pt merged.safetensors --merge-lora
  npm run convert -- in.safetensors FOLDER --to onnx  in Hugging Face's layout, for onnxruntime and transformers.js

Names come out as open_clip's, whatever they were. Weights only: an optimizer's state is left behind.

  --to NAME            safetensors, pt or onnx                                            [by the ending of the output]
  --dtype NAME         float32, float16 or bfloat16, for safetensors and pt               [float32]
  --merge-lora         adds the adapters to their weights
  --lora-alpha X       adapters count X / rank times, where the file does not say         [1, as in the FSC-CLIP reference]
  --model NAME         a model of open_clip, or the path of its JSON config: the weights are checked against it
                                                                                          [onnx: the one with weights of these shapes]
  --activation NAME    gelu or quickgelu, as the weights were trained; onnx needs it where neither file nor name says it
  --variants LIST      of onnx: float32, float16, int8, with commas between               [float32]
`;

/** What to convert to. */
export type Target = 'safetensors' | 'pt' | 'onnx';

/** The options, checked and with their defaults. */
export interface ConvertOptions {
  readonly input: string;
  readonly output: string;
  readonly to: Target;
  readonly dtype: StoredFloats;
  readonly mergeLora: boolean;
  readonly loraAlpha: number | undefined;
  readonly model: string | undefined;
  readonly quickGelu: boolean | undefined;
  readonly variants: readonly OnnxVariant[];
}

/**
 * Reads the command line.
 *
 * @returns `'help'` when help was asked for
 * @throws OptionError that names the option
 */
export function readOptions(args: readonly string[]): ConvertOptions | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help) return 'help';
  const [input, output] = positionals;
  if (input === undefined || output === undefined || positionals.length > 2)
    return refuse('files', 'must be two: input and output', `${positionals.length}`, 'See --help');
  const to = oneOf('--to', values.to ?? ending(output), ['safetensors', 'pt', 'onnx']);
  if (to !== 'onnx' && ending(output) !== to) refuse('output', `must end in .${to}`, output);
  if (to === 'onnx' && values.dtype !== undefined)
    refuse('--dtype', 'is for safetensors and pt', values.dtype, 'ONNX files have --variants');
  if (to !== 'onnx' && values.variants !== undefined) refuse('--variants', 'is for --to onnx', values.variants);
  const activation = values.activation === undefined ? undefined : oneOf('--activation', values.activation, ['gelu', 'quickgelu']);
  const alpha = values['lora-alpha'];
  if (alpha !== undefined && !(Number(alpha) > 0)) refuse('--lora-alpha', 'must be a number above 0', alpha);
  return {
    input,
    output,
    to,
    dtype: oneOf('--dtype', values.dtype ?? 'float32', ['float32', 'float16', 'bfloat16']),
    mergeLora: values['merge-lora'] ?? false,
    loraAlpha: alpha === undefined ? undefined : Number(alpha),
    model: values.model,
    quickGelu: activation === undefined ? undefined : activation === 'quickgelu',
    variants: (values.variants ?? 'float32').split(',').map((name) => oneOf('--variants', name, ['float32', 'float16', 'int8'])),
  };
}

function ending(path: string): string {
  return /\.(\w+)$/.exec(path)?.[1]?.replace(/^(pth|bin)$/, 'pt') ?? 'none';
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ help: flag, 'merge-lora': flag },
        ...{ to: text, dtype: text, 'lora-alpha': text, model: text, activation: text, variants: text },
      },
    });
  } catch (cause) {
    const got = cause instanceof Error ? cause.message.split('. ')[0]! : String(cause);
    throw new OptionError({ function: 'convert', argument: 'options', rule: 'must be known ones', got, hint: 'See --help', cause });
  }
}

function oneOf<const Name extends string>(option: string, value: string, names: readonly Name[]): Name {
  return names.find((name) => name === value) ?? refuse(option, `must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`, value);
}

function refuse(argument: string, rule: string, got: string, hint?: string): never {
  throw new OptionError({ function: 'convert', argument, rule, got, ...(hint !== undefined && { hint }) });
}
