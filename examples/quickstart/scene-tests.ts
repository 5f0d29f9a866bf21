import { foldIn, type Key } from '@fsc-clip/core';
import type { Metric } from '@fsc-clip/evaluation';
import {
  colourScenes,
  concepts,
  counterPairs,
  distinct,
  draw,
  type FoilKind,
  foil,
  foilKinds,
  type Scene,
  type Sprites,
  singles,
  withArticle,
} from '../emoji-scenes/index.js';
import type { TestSet } from './task.js';

const foilLabels: Record<FoilKind, string> = {
  swapThings: 'things swapped',
  swapColours: 'colours swapped',
  replaceThing: 'thing replaced',
  replaceColour: 'colour replaced',
};

/** What emoji scenes are scored by. The headline is the group score: a blind model, or one that takes a caption as a bag of words, cannot pass. */
export const sceneMetrics: readonly Metric[] = [
  { key: 'groupHeldOut', label: 'group score', chance: 1 / 6, headline: true },
  { key: 'groupRest', label: 'group, new things', chance: 1 / 6 },
  ...foilKinds.map((kind) => ({ key: kind, label: foilLabels[kind], chance: 1 / 2 })),
  { key: 'imageToText1', label: 'image→text R@1' },
  { key: 'textToImage1', label: 'text→image R@1' },
  { key: 'zeroShot', label: 'zero-shot', chance: 1 / concepts.length },
];

/** Fresh scenes of pairs that nobody was trained on, `count` of each kind, from a key of their own. */
export function sceneTests(key: Key, count: number, sprites: Sprites): TestSet {
  const pictures: TestSet['pictures'][number][] = [];
  const picture = (scene: Scene) => pictures.push(() => draw(scene.picture, sprites)) - 1;

  const pairs = (metric: string, split: 'heldOutPairs' | 'rest') =>
    counterPairs({ key: foldIn(key, metric), count, split }).map(([scene, counter]) => ({
      metric,
      pictures: [picture(scene), picture(counter)] as const,
      captions: [scene.caption, counter.caption] as const,
    }));
  const scenes = distinct(colourScenes({ key: foldIn(key, 'scenes'), count: 2 * count, split: 'heldOutPairs' }), count).map((scene) => ({
    scene,
    caption: scene.caption,
    picture: picture(scene),
  }));
  return {
    pictures,
    counterPairs: [...pairs('groupHeldOut', 'heldOutPairs'), ...pairs('groupRest', 'rest')],
    foils: foilKinds.flatMap((metric) =>
      scenes.map(({ scene, ...question }) => ({ ...question, metric, foil: foil(scene, metric, foldIn(key, 'foils')) })),
    ),
    retrieval: scenes,
    zeroShot: {
      names: concepts.map(withArticle),
      items: singles({ key: foldIn(key, 'singles'), count }).map((scene) => ({ picture: picture(scene), name: scene.caption })),
    },
  };
}
