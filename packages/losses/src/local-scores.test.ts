import '@tensorflow/tfjs';
import { ShapeError } from '@fsc-clip/core';
import {
  grads,
  memory,
  mul,
  ones,
  profile,
  type Scalar,
  scalar,
  sum,
  type Tensor,
  tensor2d,
  tensor3d,
  zeros,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { alignmentMap, type DenseTokens, localScores } from './index.js';
import { checkGradients, sampleOutput } from './testing/index.js';

const total = (output: DenseTokens) => sum<Scalar>(localScores(output));
const finite = (tensor: Tensor) => [...tensor.dataSync()].every(Number.isFinite);

/** Steps 3 and 4 by loops in float64, over the weights of `alignmentMap`. */
function byLoops({ imageTokens, textTokens, textMask, logitScale }: DenseTokens): number[][] {
  const [images, texts, mask] = [imageTokens.arraySync(), textTokens.arraySync(), textMask.arraySync()] as [
    number[][][],
    number[][][],
    number[][],
  ];
  const scale = logitScale.arraySync() as number;
  const dot = (left: number[], right: number[]) => left.reduce((product, x, d) => product + x * right[d]!, 0);
  return images.map((patches, b) =>
    Array.from({ length: texts.length / images.length }, (_, m) => {
      const index = m * images.length + b;
      const tokens = texts[index]!;
      const weights = alignmentMap(tensor2d(patches), tensor2d(tokens), ones([tokens.length])).arraySync() as number[][];
      const terms = tokens.flatMap((token, t) => {
        if (mask[index]![t] === 0) return [];
        const v = token.map((_, d) =>
          dot(
            weights[t]!,
            patches.map((patch) => patch[d]!),
          ),
        );
        return [Math.exp((scale * dot(v, token)) / Math.sqrt(dot(v, v) * dot(token, token)))];
      });
      return Math.log(terms.reduce((left, right) => left + right));
    }),
  );
}

describe('localScores', () => {
  // one image with patches along both axes, one text with a word along each
  const patches = tensor3d([
    [
      [1, 0],
      [0, 1],
    ],
  ]);
  const output: DenseTokens = {
    imageTokens: patches,
    textTokens: mul(patches, 5),
    textMask: tensor2d([[1, 1]]),
    logitScale: scalar(3),
  };

  it('finds a word’s patch whatever its length: two words of cosine 1 give 3 + log 2', () => {
    expect(localScores(output).arraySync()).toEqual([[expect.closeTo(3 + Math.log(2), 6)]]);
    expect(localScores({ ...output, textMask: tensor2d([[0, 1]]) }).arraySync()).toEqual([[expect.closeTo(3, 6)]]);
  });

  it('scores a text without a word, and adds nothing for a word of length zero but its cosine 0', () => {
    expect(localScores({ ...output, textMask: zeros([1, 2]) }).arraySync()).toEqual([[0]]);
    expect(localScores({ ...output, textTokens: zeros([1, 2, 2]) }).arraySync()).toEqual([[expect.closeTo(Math.log(2), 6)]]);
  });

  it('equals plain loops', () => {
    for (const seed of [1, 2, 3]) {
      const sample = sampleOutput({ B: 3, K: 2, P: 7, T: 5, D: 6 }, seed).output;
      expect(localScores(sample).arraySync()).toEqual(byLoops(sample).map((row) => row.map((score) => expect.closeTo(score, 4))));
    }
  });

  it('has true gradients: with one patch the weights are constant, so differences see all there is', () => {
    const { imageTokens, textTokens, textMask, logitScale } = sampleOutput({ B: 2, K: 1, P: 1 }).output;
    const { pass, message } = checkGradients((inputs) => total({ textMask, ...inputs }), { imageTokens, textTokens, logitScale });
    expect(pass, message()).toBe(true);
  });

  it('has the gradient of fixed weights with several patches', () => {
    // one word x along axis 0, patches p0 = [1, 0], p1 = [0, 1]: weights [1, 0], so v = p0. Turning p1 changes nothing but the weights
    const word = {
      ...output,
      textTokens: tensor3d([[[1, 0]]]),
      textMask: ones([1, 1]),
      imageTokens: tensor3d([
        [
          [1, 1],
          [0, 1],
        ],
      ]),
    };
    const gradient = grads((x) => total({ ...word, imageTokens: x! }))([word.imageTokens])[0]!;
    // d cos(v, x)/dv at v = [1, 1]: (x − cos·v/|v|)/|v| = [1/2, −1/2]/√2, times s = 3
    expect([...gradient.dataSync()]).toEqual([1.5 / Math.SQRT2, -1.5 / Math.SQRT2, 0, 0].map((number) => expect.closeTo(number, 5)));
  });

  it.each([
    ['equal patches', { imageTokens: ones([1, 2, 2]) }],
    ['patches of zero', { imageTokens: zerosLike(patches) }],
    ['words of zero', { textTokens: zerosLike(patches) }],
    [
      'patches that cancel',
      {
        imageTokens: tensor3d([
          [
            [0, 1],
            [0, -1],
          ],
        ]),
        textTokens: tensor3d([
          [
            [1, 0],
            [1, 0],
          ],
        ]),
      },
    ],
    ['no word', { textMask: zeros([1, 2]) }],
    ['a scale of 1e4', { logitScale: scalar(1e4) }],
    ['tokens of 1e6 and 1e-6', { imageTokens: mul(patches, 1e6), textTokens: mul(patches, 1e-6) }],
  ])('stays finite with %s', (_, changed) => {
    const inputs = { ...output, ...changed };
    const { imageTokens, textTokens, logitScale } = inputs;
    const gradients = grads((a, b, c) => total({ ...inputs, imageTokens: a!, textTokens: b!, logitScale: c! }))([
      imageTokens,
      textTokens,
      logitScale,
    ]);
    expect([total(inputs), ...gradients].every(finite)).toBe(true);
  });

  it('makes no temporary larger than the text tokens, forward or backward', async () => {
    const { imageTokens, textTokens, textMask, logitScale } = sampleOutput({ B: 2, K: 1, P: 16, T: 8, D: 32 }).output;
    const gradients = grads((a, b) => total({ imageTokens: a!, textTokens: b!, textMask, logitScale }));
    const { kernels } = await profile(() => gradients([imageTokens, textTokens]));
    const sizes = kernels.flatMap(({ outputShapes }) => outputShapes.map((shape) => shape.reduce((size, length) => size * length, 1)));
    expect(Math.max(...sizes)).toBe(textTokens.size);
  });

  it('leaks nothing', () => {
    const before = memory().numTensors;
    localScores(output).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names what does not fit', () => {
    const sample = sampleOutput({ B: 4, K: 0 }).output;
    const textTokens = ones([6, 6, 8]);
    expect(() => localScores({ ...sample, textTokens, textMask: ones([6, 6]) })).toThrow(ShapeError);
    expect(() => localScores({ ...sample, textTokens, textMask: ones([6, 6]) })).toThrow(
      'localScores: `textTokens` must hold a multiple of B = 4 texts, as `imageTokens` has images, got [6, 6, 8]',
    );
    expect(() => localScores({ ...sample, textMask: ones([4, 5]) })).toThrow('localScores: `textMask` must be [N, T] = [4, 6]');
  });
});
