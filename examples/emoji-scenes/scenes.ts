import { foldIn, type Key, type RandomStream, randomStream } from '@fsc-clip/core';
import { type Binding, colourCaption, pairCaption, type Relation, relationCaption, withArticle } from './captions.js';
import { colourNames, colours, type Rgb } from './colours.js';
import { concepts, fineTuningConcepts, isHeldOut, restConcepts } from './concepts.js';
import { cellOf, type Layout, type Picture, type Placement } from './draw.js';
import { pairSizes, singleSizes } from './sprites.js';

/** A picture and what it shows, in plain English. */
export interface Scene {
  /** A name for messages and for seeding this scene's negatives. */
  readonly id: string;
  readonly caption: string;
  readonly picture: Picture;
}

/** Two things, each on its colour, in the order of the caption. */
export interface ColourScene extends Scene {
  readonly bindings: readonly [Binding, Binding];
}

/**
 * Which pairs of things may stand in a scene. `pretraining`: any two that are not held out. `train`: any two fine-tuning concepts
 * that are not held out. `heldOutPairs`: two fine-tuning concepts never seen together. `rest`: two concepts that no fine-tuning
 * scene shows.
 */
export type Split = 'pretraining' | 'train' | 'heldOutPairs' | 'rest';

/** What a set of scenes is drawn from: the i-th scene is a function of `key` and i alone. */
export interface SceneSetOptions {
  readonly key: Key;
  readonly count: number;
  /** Index of the first scene; a training loop draws step after step of one endless set. @defaultValue 0 */
  readonly start?: number;
}

/** `a car on purple and a blowfish on white`, the halves beside or above each other, either thing first. */
export function colourScenes({ split, ...options }: SceneSetOptions & { readonly split: Split }): ColourScene[] {
  return drawn(options, (random, id) => colourScene(random, id, split));
}

/** One emoji and its name on a plain ground: every concept in turn, or every one of `of`. */
export function singles({ of = concepts, ...options }: SceneSetOptions & { readonly of?: readonly string[] }): Scene[] {
  return drawn(options, (random, id, index) => single(random, id, of[index % of.length]!));
}

/** What is fine-tuned on: colour scenes, and a share of single emoji among them, none of the `rest`. */
export function fineTuningScenes({ singleShare, ...options }: SceneSetOptions & { readonly singleShare: number }): Scene[] {
  return drawn(options, (random, id) =>
    random.uniform() < singleShare ? single(random, id, random.choice(fineTuningConcepts)) : colourScene(random, id, 'train'),
  );
}

/** Shares of the kinds of scene that pretraining shows. */
export const pretrainingMix = { single: 0.4, pair: 0.2, relation: 0.2, colours: 0.2 } as const;

/** What a small CLIP is pretrained on: single emoji, `a car and a blowfish`, `a car above a blowfish`, and colour scenes. */
export function pretrainingScenes(options: SceneSetOptions): Scene[] {
  return drawn(options, (random, id) => {
    const kinds = Object.keys(pretrainingMix) as (keyof typeof pretrainingMix)[];
    const kind = kinds[random.weighted(Object.values(pretrainingMix))]!;
    if (kind === 'single') return single(random, id, random.choice(concepts));
    if (kind === 'colours') return colourScene(random, id, 'pretraining');
    return twoThings(random, id, kind);
  });
}

function drawn<S>({ key, count, start = 0 }: SceneSetOptions, scene: (random: RandomStream, id: string, index: number) => S): S[] {
  return Array.from({ length: count }, (_, i) => {
    const sceneKey = foldIn(key, start + i);
    return scene(randomStream(sceneKey), sceneKey.map((word) => word.toString(16).padStart(8, '0')).join(''), start + i);
  });
}

function single(random: RandomStream, id: string, thing: string): Scene {
  const grounds = [shade(random, random.choice(colourNames))];
  const placements = [place(random, thing, 'whole', 0, random.choice(singleSizes))];
  return { id, caption: withArticle(thing), picture: { layout: 'whole', grounds, placements } };
}

function colourScene(random: RandomStream, id: string, split: Split): ColourScene {
  const [a, b] = twoConcepts(random, split);
  const [x, y] = twoOf(random, colourNames);
  const bindings = [
    { thing: a, colour: x },
    { thing: b, colour: y },
  ] as const;
  const layout = random.choice(['beside', 'stacked'] as const);
  const inPlace = random.integer(2) === 0 ? bindings : ([bindings[1], bindings[0]] as const);
  return { id, bindings, caption: colourCaption(bindings), picture: twoOnGrounds(random, layout, inPlace) };
}

function twoThings(random: RandomStream, id: string, kind: 'pair' | 'relation'): Scene {
  const things = twoConcepts(random, 'pretraining');
  const [x, y] = twoOf(random, colourNames);
  const layout = random.choice(['beside', 'stacked'] as const);
  const firstIsFirst = random.integer(2) === 0;
  const inPlace = [
    { thing: things[firstIsFirst ? 0 : 1], colour: x },
    { thing: things[firstIsFirst ? 1 : 0], colour: y },
  ] as const;
  const picture = twoOnGrounds(random, layout, inPlace);
  if (kind === 'pair') return { id, caption: pairCaption(things), picture };
  const relations: Record<'beside' | 'stacked', readonly [Relation, Relation]> = {
    beside: ['to the left of', 'to the right of'],
    stacked: ['above', 'below'],
  };
  return { id, caption: relationCaption(things, relations[layout][firstIsFirst ? 0 : 1]), picture };
}

function twoOnGrounds(random: RandomStream, layout: 'beside' | 'stacked', inPlace: readonly [Binding, Binding]): Picture {
  return {
    layout,
    grounds: inPlace.map(({ colour }) => shade(random, colour)),
    placements: inPlace.map(({ thing }, i) => place(random, thing, layout, i, random.choice(pairSizes))),
  };
}

function twoConcepts(random: RandomStream, split: Split): readonly [string, string] {
  const from = split === 'pretraining' ? concepts : split === 'rest' ? restConcepts : fineTuningConcepts;
  for (;;) {
    const [a, b] = twoOf(random, from);
    if (split === 'rest' || isHeldOut(a, b) === (split === 'heldOutPairs')) return [a, b];
  }
}

function twoOf<T>(random: RandomStream, items: readonly T[]): readonly [T, T] {
  const first = random.integer(items.length);
  const second = (first + 1 + random.integer(items.length - 1)) % items.length;
  return [items[first]!, items[second]!];
}

/** Somewhere in its cell, all of it inside. */
function place(random: RandomStream, thing: string, layout: Layout, index: number, size: number): Placement {
  const cell = cellOf(layout, index);
  const left = cell.left + random.integer(cell.width - size + 1);
  const top = cell.top + random.integer(cell.height - size + 1);
  return { thing, size, left, top };
}

/** A named colour, a little lighter or darker each time, so that no exact value gives it away. */
function shade(random: RandomStream, colour: string): Rgb {
  const lighter = random.integer(25) - 12;
  const [red, green, blue] = colours[colour]!;
  return [clampByte(red + lighter), clampByte(green + lighter), clampByte(blue + lighter)];
}

function clampByte(value: number): number {
  return Math.min(255, Math.max(0, value));
}
