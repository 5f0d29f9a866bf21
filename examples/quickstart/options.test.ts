import { expect, test } from 'vitest';
import { readOptions } from './options.js';

test('defaults are the settings of the paper in small', () => {
  expect(readOptions([])).toMatchObject({ all: false, seeds: 1, batchSize: 64, learningRate: 1e-3, loraLearningRate: 1e-2, device: 'cpu' });
});

test('own data: the rates of the paper, and names of columns', () => {
  const args = [
    '--model',
    'ViT-B-32',
    '--weights',
    'w',
    '--activation',
    'gelu',
    '--data',
    'd.tsv',
    '--images',
    'i',
    '--image-column',
    'file',
    '--lora',
    '4',
  ];
  expect(readOptions(args)).toMatchObject({
    own: { model: 'ViT-B-32', weights: 'w', quickGelu: false },
    data: { file: 'd.tsv', images: 'i', imageColumn: 'file', captionColumn: 'title' },
    lora: 4,
    learningRate: 5e-6,
    loraLearningRate: 5e-5,
  });
});

test('help is asked for by --help', () => {
  expect(readOptions(['--help'])).toBe('help');
});

test.each([
  [['--steps', '0'], /--steps/],
  [['--steps', '1.5'], /--steps/],
  [['--seeds', 'three'], /--seeds/],
  [['--singles', '2'], /--singles.*from 0 to 1/],
  [['--learning-rate', ''], /--learning-rate/],
  [['--activation', 'relu'], /--activation.*gelu or quickgelu/],
  [['--device', 'gpu'], /--device.*cpu, webgpu or cuda/],
  [['--model', 'ViT-B-32'], /--weights/],
  [['--data', 'a.tsv'], /--images/],
  [['--data', 'a.tsv', '--images', 'b'], /--model/],
  [['--stepz', '3'], /--stepz/],
  [['more'], /more/],
])('%j is refused by name', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
