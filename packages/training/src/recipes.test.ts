import '@tensorflow/tfjs';
import { adamW, cosineSchedule } from '@fsc-clip/core/tensor';
import { fscClipLoss } from '@fsc-clip/losses';
import { createModel } from '@fsc-clip/models';
import { describe, expect, it } from 'vitest';
import { type Recipe, recipes } from './recipes.js';

const entries: [string, Recipe][] = Object.entries(recipes);

describe('recipes', () => {
  it.each(entries)('%s hands its parts to the functions they are named after', (_name, recipe) => {
    expect(() => [adamW(recipe.optimizer), fscClipLoss(recipe.loss), createModel(recipe.model)]).not.toThrow();
    const learningRate = cosineSchedule({ ...recipe.schedule, total: 1960 });
    expect(learningRate(recipe.schedule.warmup)).toBe(recipe.schedule.base);
  });

  it('start OpenAI weights with QuickGELU, others without', () => {
    for (const [name, { model, pretrained }] of entries) {
      expect(createModel(model).config.quick_gelu, name).toBe(pretrained === 'openai');
    }
  });

  it('come in pairs that differ by the adapters and a learning rate ten times as high', () => {
    const full = entries.filter(([, recipe]) => recipe.lora === undefined);
    expect(full.length * 2).toBe(entries.length);
    for (const [name, recipe] of full) {
      const { lora, schedule, ...rest } = (recipes as Record<string, Recipe>)[name.replace('fsc-clip/', 'fsc-clip-lora/')]!;
      expect({ ...rest, schedule: { ...schedule, base: recipe.schedule.base } }).toEqual(recipe);
      expect(schedule.base / recipe.schedule.base).toBeCloseTo(10, 10);
      expect(lora).toEqual({ rank: 4 });
    }
  });

  it('weigh the global term more on CC3M, the local one more with smaller patches, and see 256 images a step but for B/16', () => {
    for (const [name, { data, model, loss, batchSize, ranks }] of entries) {
      expect(loss.globalWeight, name).toBe(data.name === 'cc3m_100k' ? 1 : 0.5);
      expect(loss.localWeight, name).toBe(model.startsWith('ViT-B-32') ? 0.2 : 0.5);
      expect(batchSize * ranks, name).toBe(model.startsWith('ViT-B-16') ? 128 : 256);
    }
  });
});
