import { createKey, foldIn } from '@fsc-clip/core';
import { beforeAll, describe, expect, test } from 'vitest';
import { withArticle } from './captions.js';
import { colours } from './colours.js';
import { concepts, fineTuningConcepts, isHeldOut, restConcepts } from './concepts.js';
import { cellOf, draw, sceneSize } from './draw.js';
import { colourScenes, fineTuningScenes, pretrainingMix, pretrainingScenes, type Scene, type Split, singles } from './scenes.js';
import { loadSprites, type Sprites } from './sprites.js';

const key = createKey(7);
let sprites: Sprites;
beforeAll(async () => {
  sprites = await loadSprites(concepts);
});

const thingsOf = (scene: Scene) => scene.picture.placements.map(({ thing }) => thing);

describe('concepts', () => {
  test('are 100 different ones, in two disjoint groups', () => {
    expect(new Set(concepts).size).toBe(100);
    expect([...fineTuningConcepts, ...restConcepts].sort()).toEqual([...concepts].sort());
    expect([fineTuningConcepts.length, restConcepts.length]).toEqual([66, 34]);
  });

  test('one pair in ten is held out, in either order', () => {
    const pairs = concepts.flatMap((a, i) => concepts.slice(i + 1).map((b) => [a, b] as const));
    const heldOut = pairs.filter(([a, b]) => isHeldOut(a, b));
    expect(heldOut.length / pairs.length).toBeCloseTo(0.1, 1);
    expect(heldOut.every(([a, b]) => isHeldOut(b, a))).toBe(true);
  });
});

describe('captions', () => {
  test.each([
    ['car', 'a car'],
    ['owl', 'an owl'],
    ['hourglass', 'an hourglass'],
    ['house', 'a house'],
    ['umbrella', 'an umbrella'],
  ])('%s', (noun, expected) => {
    expect(withArticle(noun)).toBe(expected);
  });

  test('no caption says "a" before a vowel', () => {
    const captions = pretrainingScenes({ key, count: 2000 }).map(({ caption }) => caption);
    expect(captions.filter((caption) => /\ba [aeiou]|\ban [^aeiouh]|\ba hour|\ban h(?!our)/.test(caption))).toEqual([]);
  });
});

describe('scenes', () => {
  test('the i-th scene depends on key and i alone', () => {
    const all = pretrainingScenes({ key, count: 20 });
    expect(pretrainingScenes({ key, count: 5, start: 15 })).toEqual(all.slice(15));
    expect(pretrainingScenes({ key: foldIn(key, 'other'), count: 20 })).not.toEqual(all);
    expect(draw(all[3]!.picture, sprites)).toEqual(draw(pretrainingScenes({ key, count: 4 })[3]!.picture, sprites));
    expect(new Set(all.map(({ id }) => id)).size).toBe(20);
  });

  test('nothing that is trained on shows a held-out pair', () => {
    const trained = [...pretrainingScenes({ key, count: 4000 }), ...colourScenes({ key, count: 2000, split: 'train' })];
    const pairs = trained.map(thingsOf).filter((things) => things.length === 2);
    expect(pairs.length).toBeGreaterThan(3000);
    expect(pairs.filter(([a, b]) => a === b || isHeldOut(a!, b!))).toEqual([]);
  });

  test.each<[Split, (a: string, b: string) => boolean]>([
    ['train', (a, b) => fineTuningConcepts.includes(a) && fineTuningConcepts.includes(b) && !isHeldOut(a, b)],
    ['heldOutPairs', (a, b) => fineTuningConcepts.includes(a) && fineTuningConcepts.includes(b) && isHeldOut(a, b)],
    ['rest', (a, b) => restConcepts.includes(a) && restConcepts.includes(b)],
  ])('%s holds only its own pairs', (split, belongs) => {
    const wrong = colourScenes({ key, count: 500, split }).filter((scene) => !belongs(...(thingsOf(scene) as [string, string])));
    expect(wrong).toEqual([]);
  });

  test('every concept and every kind occurs in pretraining, in its share', () => {
    const scenes = pretrainingScenes({ key, count: 5000 });
    expect(new Set(scenes.flatMap(thingsOf)).size).toBe(100);
    const share = (pattern: RegExp) => scenes.filter(({ caption }) => pattern.test(caption)).length / scenes.length;
    expect(share(/^an? \w+$/)).toBeCloseTo(pretrainingMix.single, 1);
    expect(share(/^an? \w+ and an? \w+$/)).toBeCloseTo(pretrainingMix.pair, 1);
    expect(share(/ above | below | left of | right of /)).toBeCloseTo(pretrainingMix.relation, 1);
    expect(share(/ on \w+ and an? \w+ on /)).toBeCloseTo(pretrainingMix.colours, 1);
  });

  test('singles show every concept in turn', () => {
    const scenes = singles({ key, count: 200 });
    expect(scenes.map(({ caption }) => caption)).toEqual([...concepts, ...concepts].map(withArticle));
    expect(scenes.map((scene) => thingsOf(scene)[0])).toEqual([...concepts, ...concepts]);
  });

  test('fine-tuning shows no concept of the rest, and singles in their share', () => {
    const scenes = fineTuningScenes({ key, count: 2000, singleShare: 0.3 });
    expect(scenes.flatMap(thingsOf).filter((thing) => restConcepts.includes(thing))).toEqual([]);
    expect(scenes.filter((scene) => thingsOf(scene).length === 1).length / scenes.length).toBeCloseTo(0.3, 1);
    expect(fineTuningScenes({ key, count: 100, singleShare: 0 }).every((scene) => thingsOf(scene).length === 2)).toBe(true);
  });
});

describe('pictures', () => {
  test('every thing is inside its own half', () => {
    for (const { picture } of pretrainingScenes({ key, count: 3000 })) {
      picture.placements.forEach(({ left, top, size }, i) => {
        const cell = cellOf(picture.layout, i);
        expect(left).toBeGreaterThanOrEqual(cell.left);
        expect(top).toBeGreaterThanOrEqual(cell.top);
        expect(left + size).toBeLessThanOrEqual(cell.left + cell.width);
        expect(top + size).toBeLessThanOrEqual(cell.top + cell.height);
      });
    }
  });

  test('each thing stands on the colour that the caption gives it, relations are true', () => {
    for (const scene of colourScenes({ key, count: 300, split: 'train' })) {
      for (const { thing, colour } of scene.bindings) {
        const ground = scene.picture.grounds[thingsOf(scene).indexOf(thing)]!;
        ground.forEach((value, channel) => {
          expect(Math.abs(value - colours[colour]![channel]!)).toBeLessThanOrEqual(12);
        });
      }
    }
    for (const { caption, picture } of pretrainingScenes({ key, count: 2000 })) {
      const [, subject, relation] = /^an? (\w+) (.* of|above|below) /.exec(caption) ?? [];
      if (subject === undefined) continue;
      const [first] = picture.placements;
      expect(first!.thing === subject).toBe(relation === 'to the left of' || relation === 'above');
      expect(picture.layout).toBe(relation!.startsWith('to the') ? 'beside' : 'stacked');
    }
  });

  test('a transparent pixel shows the ground, an opaque one the thing', () => {
    const dot = new Uint8Array(24 * 24 * 4);
    dot.set([10, 20, 30, 255], 0);
    dot.set([100, 100, 100, 51], 4); // 20 % of 100 over 200 is 180
    const picture = { layout: 'whole', grounds: [[200, 200, 200]], placements: [{ thing: 'dot', size: 24, left: 40, top: 0 }] } as const;
    const { data: pixels, ...size } = draw(picture, new Map([['dot', new Map([[24, dot]])]]));
    expect(size).toEqual({ width: sceneSize, height: sceneSize });
    expect(pixels.length).toBe(sceneSize * sceneSize * 3);
    expect([...pixels.subarray(39 * 3, 43 * 3)]).toEqual([200, 200, 200, 10, 20, 30, 180, 180, 180, 200, 200, 200]);
  });

  test('an unknown name is refused by name', async () => {
    await expect(loadSprites(['unicycle'])).rejects.toThrow(/loadSprites: `unicycle`/);
    const picture = { layout: 'whole', grounds: [], placements: [{ thing: 'car', size: 25, left: 0, top: 0 }] } as const;
    expect(() => draw(picture, sprites)).toThrow(/car at 25 px/);
  });
});
