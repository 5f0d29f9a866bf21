import { backend_util } from '@tensorflow/tfjs-core';
import { sizeOf, type Value } from '../graph/graph.js';
import { channelsBack, channelsFirst, padsOf, spread, type Window, window2D, window3D } from './convolution.js';
import { broadcastTo } from './elementwise.js';
import type { Rule } from './rule.js';
import { reshape } from './shapes.js';

interface PoolAttributes {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: Parameters<typeof backend_util.computePool2DInfo>[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface Pool3DAttributes {
  readonly filterSize: number | [number, number, number];
  readonly strides: number | [number, number, number];
  readonly pad: Parameters<typeof backend_util.computePool3DInfo>[4];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type WindowOf = (x: Value, attributes: never) => Window;

const pool2D: WindowOf = (x, { filterSize, strides, pad, dimRoundingMode }: PoolAttributes) =>
  window2D(backend_util.computePool2DInfo(x.shape as [number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode));

const pool3D: WindowOf = (x, { filterSize, strides, pad, dimRoundingMode }: Pool3DAttributes) =>
  window3D(
    backend_util.computePool3DInfo(x.shape as [number, number, number, number, number], filterSize, strides, 1, pad, dimRoundingMode),
  );

function attributesOf(window: Window) {
  return { kernel_shape: { ints: window.kernel }, strides: { ints: window.strides }, pads: { ints: padsOf(window) } };
}

function maxPool(windowOf: WindowOf): Rule {
  return (g, { x }, attributes) => {
    const window = windowOf(x!, attributes);
    const images = channelsFirst(g, x!);
    return channelsBack(g, g.node('MaxPool', [images], [...images.shape.slice(0, 2), ...window.output], 'float32', attributesOf(window)));
  };
}

/** The gradient of each window goes to the place of its first maximum. */
function maxPoolGrad(windowOf: WindowOf): Rule {
  return (g, { dy, input }, attributes) => {
    const window = windowOf(input!, attributes);
    const images = channelsFirst(g, input!);
    const shape = [...images.shape.slice(0, 2), ...window.output];
    const outputs = [
      { shape, dtype: 'float32' as const },
      { shape, dtype: 'int64' as const },
    ];
    const places = g.nodes('MaxPool', [images], outputs, attributesOf(window))[1]!; // positions in all of `images`, flat
    const zeros = broadcastTo(g, g.splat(0, [], 'float32'), [sizeOf(images.shape)]);
    const updates = reshape(g, channelsFirst(g, dy!), [sizeOf(shape)]);
    const scattered = g.node('ScatterND', [zeros, reshape(g, places, [sizeOf(shape), 1]), updates], zeros.shape, 'float32', {
      reduction: { string: 'add' },
    });
    return channelsBack(g, reshape(g, scattered, images.shape));
  };
}

/** Means over the real elements of each window: padding does not count. */
function avgPool(windowOf: WindowOf): Rule {
  return (g, { x }, attributes) => {
    const window = windowOf(x!, attributes);
    const images = channelsFirst(g, x!);
    const pooled = g.node('AveragePool', [images], [...images.shape.slice(0, 2), ...window.output], 'float32', {
      ...attributesOf(window),
      count_include_pad: { int: 0 },
    });
    return channelsBack(g, pooled);
  };
}

/** Every element of a window gets an equal part of its gradient, as tfjs's kernel does it: counted as if no window were padded. */
function avgPoolGrad(windowOf: WindowOf): Rule {
  return (g, { dy, input }, attributes) => {
    const window = windowOf(input!, attributes);
    const images = channelsFirst(g, dy!);
    const share = g.splat(1 / sizeOf(window.kernel), [images.shape[1]!, 1, ...window.kernel], 'float32');
    return channelsBack(g, spread(g, images, share, window, images.shape[1]!));
  };
}

/** Pooling in two and three dimensions. */
export const poolingRules: Record<string, Rule> = {
  MaxPool: maxPool(pool2D),
  MaxPoolGrad: maxPoolGrad(pool2D),
  MaxPool3D: maxPool(pool3D),
  MaxPool3DGrad: maxPoolGrad(pool3D),
  AvgPool: avgPool(pool2D),
  AvgPoolGrad: avgPoolGrad(pool2D),
  AvgPool3D: avgPool(pool3D),
  AvgPool3DGrad: avgPoolGrad(pool3D),
};
