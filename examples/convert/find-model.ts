import { readFile } from 'node:fs/promises';
import { OptionError, type Params, type Shaped } from '@fsc-clip/core';
import { type ClipConfig, configs, createModel, isLora, type Model, type ModelName, type ModelOptions } from '@fsc-clip/models';

/** What is known about a file's model. */
export interface Hints {
  /** A name of open_clip's, or the path of a JSON config. */
  readonly model: string | undefined;
  /** By option or the file's header. */
  readonly quickGelu: boolean | undefined;
  readonly loraAlpha: number;
  readonly rsLora: boolean;
}

/**
 * The model that was named, or else the one of open_clip's table whose weights have these names and shapes.
 *
 * @throws OptionError where there is none, or the activation is not known
 */
export async function findModel(params: Params<Shaped>, { model: given, quickGelu, ...lora }: Hints): Promise<Model> {
  const options: ModelOptions = { ...lora, ...(quickGelu !== undefined && { quickGelu }) };
  const model = createModel(given === undefined ? nameOfShapes(params) : await named(given), options);
  if (model.quickGeluGiven) return model;
  return refuse(
    '--activation',
    'must be given where neither the file nor the name of --model says it',
    'quickgelu for the weights of openai, metaclip, dfn2b and dfn5b; gelu for datacomp, laion2b and the rest',
  );
}

async function named(given: string): Promise<ModelName | ClipConfig> {
  return (given.endsWith('.json') ? JSON.parse(await readFile(given, 'utf8')) : given) as ModelName | ClipConfig; // createModel checks it
}

function nameOfShapes(params: Params<Shaped>): ModelName {
  const names = Object.keys(params).filter((name) => !isLora(name));
  const found = (Object.keys(configs) as ModelName[]).find((name) => {
    const { shapes } = createModel(name);
    return Object.keys(shapes).length === names.length && names.every((key) => shapes[key]?.join() === params[key]!.shape.join());
  });
  return (
    found ??
    refuse(
      '--model',
      'must be given: these are the weights of none of the known models',
      'a name of open_clip, or the path of a JSON config',
    )
  );
}

function refuse(argument: string, rule: string, hint: string): never {
  throw new OptionError({ function: 'convert', argument, rule, got: 'none', hint });
}
