import { foldIn, type Key, randomStream } from '@fsc-clip/core';
import { type Binding, colourCaption } from './captions.js';
import { colourNames } from './colours.js';
import { fineTuningConcepts, restConcepts } from './concepts.js';
import { type ColourScene, colourScenes, type SceneSetOptions, type Split } from './scenes.js';

/**
 * Ways to make a caption of a colour scene false. A swap has the caption's own words, so no bag of words can tell it; a replaced
 * word can be told by one, and proves less.
 */
export type FoilKind = 'swapThings' | 'swapColours' | 'replaceThing' | 'replaceColour';

/** All kinds, swaps first. */
export const foilKinds: readonly FoilKind[] = ['swapThings', 'swapColours', 'replaceThing', 'replaceColour'];

/** A caption of the scene's own kind that is false of it. Replacements are drawn under `key` and the scene's id. */
export function foil(scene: ColourScene, kind: FoilKind, key: Key): string {
  const [first, second] = scene.bindings;
  if (kind === 'swapThings') return colourCaption(swapThings(scene.bindings));
  if (kind === 'swapColours') {
    return colourCaption([
      { ...first, colour: second.colour },
      { ...second, colour: first.colour },
    ]);
  }
  const random = randomStream(foldIn(key, kind, scene.id));
  const position = random.integer(2);
  const replaced = scene.bindings[position]!;
  const pool = fineTuningConcepts.includes(replaced.thing) ? fineTuningConcepts : restConcepts;
  const other =
    kind === 'replaceThing'
      ? { ...replaced, thing: random.choice(pool.filter((thing) => thing !== first.thing && thing !== second.thing)) }
      : { ...replaced, colour: random.choice(colourNames.filter((colour) => colour !== first.colour && colour !== second.colour)) };
  return colourCaption(position === 0 ? [other, second] : [first, other]);
}

/** Two pictures and their captions, each false of the other: same words, same places, the two things changed round. */
export type CounterPair = readonly [ColourScene, ColourScene];

/** Counter-image pairs: no model that ignores a picture, or takes a caption as a bag of words, can get one right but by chance. */
export function counterPairs(options: SceneSetOptions & { readonly split: Split }): CounterPair[] {
  return colourScenes(options).map((scene) => [scene, counterpart(scene)] as const);
}

function counterpart({ id, bindings, picture }: ColourScene): ColourScene {
  const swapped = swapThings(bindings);
  const [first, second] = picture.placements;
  const placements = [
    { ...first!, thing: second!.thing },
    { ...second!, thing: first!.thing },
  ];
  return { id: `${id}'`, bindings: swapped, caption: colourCaption(swapped), picture: { ...picture, placements } };
}

function swapThings([first, second]: readonly [Binding, Binding]): readonly [Binding, Binding] {
  return [
    { ...first, thing: second.thing },
    { ...second, thing: first.thing },
  ];
}

/** The first `count` scenes of different contents: a caption that is true of two pictures would spoil retrieval. */
export function distinct(scenes: readonly ColourScene[], count: number): ColourScene[] {
  const seen = new Set<string>();
  const kept = scenes.filter(({ bindings }) => {
    const contents = bindings
      .map(({ thing, colour }) => `${thing} ${colour}`)
      .sort()
      .join();
    return !seen.has(contents) && seen.add(contents);
  });
  return kept.slice(0, count);
}
