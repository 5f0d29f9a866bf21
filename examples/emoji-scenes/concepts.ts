import { createKey, foldIn, randomStream } from '@fsc-clip/core';

/**
 * The things that stand in scenes: short names of `emoji-datasource-google`. The rule: one lower-case word of its Animals, Food,
 * Activities, Travel or Objects; a countable noun that is seldom a verb or an adjective (the negatives read captions by part of
 * speech, so no `dress`, `kite`, `train`); and of all such, 100 that a person names at once at 28 px and that are no two of a look.
 */
export const concepts: readonly string[] = [
  ...['monkey', 'gorilla', 'dog', 'cat', 'tiger', 'horse', 'cow', 'pig', 'camel', 'elephant', 'rabbit', 'hedgehog', 'koala', 'sloth'],
  ...['kangaroo', 'rooster', 'penguin', 'owl', 'flamingo', 'peacock', 'parrot', 'frog', 'crocodile', 'turtle', 'lizard', 'snake'],
  ...['whale', 'dolphin', 'blowfish', 'shark', 'octopus', 'jellyfish', 'crab', 'lobster', 'snail', 'butterfly', 'ladybug', 'spider'],
  ...['scorpion', 'bee', 'cactus', 'sunflower', 'tulip', 'mushroom', 'watermelon', 'lemon', 'banana', 'pineapple', 'pear'],
  ...['strawberry', 'tomato', 'coconut', 'avocado', 'eggplant', 'carrot', 'pretzel', 'hamburger', 'pizza', 'taco', 'doughnut'],
  ...['cupcake', 'lollipop', 'teapot', 'balloon', 'trophy', 'basketball', 'volcano', 'house', 'tent', 'ambulance', 'taxi', 'car'],
  ...['tractor', 'scooter', 'canoe', 'helicopter', 'rocket', 'hourglass', 'rainbow', 'umbrella', 'snowman', 'guitar', 'violin'],
  ...['trumpet', 'saxophone', 'accordion', 'camera', 'candle', 'axe', 'ladder', 'magnet', 'microscope', 'telescope', 'chair'],
  ...['toilet', 'bathtub', 'anchor', 'lipstick', 'basket', 'bucket'],
];

const shuffled = randomStream(foldIn(createKey(0), 'emoji scenes: fine-tuning concepts')).shuffle(concepts);

/** 66 concepts that may stand in fine-tuning scenes. */
export const fineTuningConcepts: readonly string[] = shuffled.slice(0, 66);

/** 34 concepts that occur in pretraining only. */
export const restConcepts: readonly string[] = shuffled.slice(66);

/** Whether two things never stand together in any scene that is trained on, in pretraining or fine-tuning: one pair in ten. */
export function isHeldOut(first: string, second: string): boolean {
  return foldIn(createKey(0), 'emoji scenes: held-out pairs', ...[first, second].sort())[0] % 10 === 0;
}
