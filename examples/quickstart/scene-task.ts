import { createKey, foldIn } from '@fsc-clip/core';
import { batches, evalTransform } from '@fsc-clip/data';
import { concepts, draw, fineTuningScenes, loadSprites, sceneNegatives } from '../emoji-scenes/index.js';
import type { QuickstartOptions } from './options.js';
import { sceneMetrics, sceneTests } from './scene-tests.js';
import { openStartModel } from './start-model.js';
import type { Task } from './task.js';

/** Colour binding on emoji scenes: `a car on purple and a blowfish on white`, drawn on the fly, never twice the same. */
export async function openSceneTask(options: QuickstartOptions): Promise<Task> {
  const { batchSize, steps = 400, singles: singleShare } = options;
  const sprites = await loadSprites(concepts);
  const { model, tokenizer, params } = await openStartModel(options.own);
  const transform = evalTransform({ size: model.config.vision_cfg.image_size });
  const scenes = (seed: number, count: number) => fineTuningScenes({ key: foldIn(createKey(seed), 'fine-tuning'), count, singleShare });
  return {
    title: 'Colour binding on emoji scenes',
    model,
    tokenizer,
    transform,
    start: params,
    steps,
    batches: (seed, negatives) =>
      batches(
        scenes(seed, steps * batchSize).map(({ id, caption, picture }) => ({ key: id, caption, image: () => draw(picture, sprites) })),
        {
          batchSize,
          transform,
          tokenizer,
          workers: 0, // to draw a scene takes less than to send it to a thread
          key: foldIn(createKey(seed), 'negatives'),
          ...(negatives && { negatives: sceneNegatives() }),
        },
      ),
    trainingCaptions: scenes(0, steps * batchSize).map(({ caption }) => caption),
    test: sceneTests(foldIn(createKey(0), options.development ? 'development scenes' : 'test scenes'), options.test, sprites),
    metrics: sceneMetrics,
    notes: [
      'One small world of drawn scenes: the numbers say how the losses compare here, not how good any model is.',
      'Left and right, above and below are left out: in the trial behind this demonstration they stayed near chance at this size and time, whatever the loss.',
      'A replaced word can be told by a model that takes a caption as a bag of words; a swap cannot.',
    ],
  };
}
