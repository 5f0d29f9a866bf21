import { backend_util } from '@tensorflow/tfjs-core';
import type { GraphBuilder } from '../graph/builder.js';
import { sizeOf, type Value } from '../graph/graph.js';
import { activate, type FusedAttributes } from './activation.js';
import { arithmetic } from './elementwise.js';
import { type Rule, unsupported } from './rule.js';
import { reshape, slice, transpose } from './shapes.js';

type Format = 'NHWC' | 'NCHW' | 'NDHWC' | 'NCDHW';
type Padding = Parameters<typeof backend_util.computeConv2DInfo>[4];
type Rounding = 'floor' | 'round' | 'ceil';

interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Padding;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dilations?: [number, number] | number;
  readonly dimRoundingMode?: Rounding;
}

interface Convolution3DAttributes {
  readonly strides: [number, number, number] | number;
  readonly pad: 'valid' | 'same';
  readonly dataFormat?: 'NDHWC' | 'NCDHW';
  readonly dilations?: [number, number, number] | number;
}

/** How a window moves over an input: all lists have one number for each spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly input: readonly number[];
  readonly output: readonly number[];
  /** Zeros before the first element of each axis. */
  readonly before: readonly number[];
}

type Info = ReturnType<typeof backend_util.computeConv2DInfo>;
type Info3D = ReturnType<typeof backend_util.computeConv3DInfo>;

export function window2D(info: Info): Window {
  return {
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    before: [info.padInfo.top, info.padInfo.left],
  };
}

export function window3D(info: Info3D): Window {
  return {
    kernel: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}

/** What the last window reads beyond its axis; negative where trailing elements are read by none. */
function overhang({ kernel, strides, dilations, input, output, before }: Window): number[] {
  return kernel.map((size, i) => (output[i]! - 1) * strides[i]! + dilations[i]! * (size - 1) + 1 - input[i]! - before[i]!);
}

/** ONNX's pads of a window: as many zeros behind as make the output as long as tfjs says. */
export function padsOf(window: Window): number[] {
  return [...window.before, ...overhang(window).map((size) => Math.max(0, size))];
}

/** Channels to the second axis, where ONNX has them. */
export function channelsFirst(g: GraphBuilder, x: Value, format: Format = 'NHWC'): Value {
  if (format.startsWith('NC')) return x;
  const rank = x.shape.length;
  return transpose(g, x, [0, rank - 1, ...range(1, rank - 1)]);
}

/** Channels back to where tfjs has them. */
export function channelsBack(g: GraphBuilder, x: Value, format: Format = 'NHWC'): Value {
  if (format.startsWith('NC')) return x;
  return transpose(g, x, [0, ...range(2, x.shape.length), 1]);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** tfjs's filter [...spatial, in, out] as ONNX's [out, in, ...spatial]; depthwise [...spatial, channels, multiplier] as [channels · multiplier, 1, ...spatial]. */
function onnxFilter(g: GraphBuilder, filter: Value, depthwise: boolean): Value {
  const rank = filter.shape.length;
  const spatial = range(0, rank - 2);
  if (!depthwise) return transpose(g, filter, [rank - 1, rank - 2, ...spatial]);
  const turned = transpose(g, filter, [rank - 2, rank - 1, ...spatial]);
  return reshape(g, turned, [turned.shape[0]! * turned.shape[1]!, 1, ...turned.shape.slice(2)]);
}

/** `x` [B, C, ...] and `filter` [O, C / groups, ...] to [B, O, ...]. */
function convolve(g: GraphBuilder, x: Value, filter: Value, window: Window, groups: number): Value {
  return g.node('Conv', [x, filter], [x.shape[0]!, filter.shape[0]!, ...window.output], 'float32', {
    kernel_shape: { ints: window.kernel },
    strides: { ints: window.strides },
    dilations: { ints: window.dilations },
    pads: { ints: padsOf(window) },
    group: { int: groups },
  });
}

/** The transpose of `convolve` in its input: `dy` [B, O, ...] back to [B, C, ...]. */
export function spread(g: GraphBuilder, dy: Value, filter: Value, window: Window, groups: number): Value {
  return g.node('ConvTranspose', [dy, filter], [dy.shape[0]!, filter.shape[1]! * groups, ...window.input], 'float32', {
    kernel_shape: { ints: window.kernel },
    strides: { ints: window.strides },
    dilations: { ints: window.dilations },
    pads: { ints: padsOf(window) },
    output_padding: { ints: overhang(window).map((size) => Math.max(0, -size)) },
    group: { int: groups },
  });
}

/**
 * The transpose of `convolve` in its filter, a convolution too: the batch takes the place of the channels, `dy` that of the filter, and
 * strides and dilations change places. `x` [B, C, ...] and `dy` [B, O, ...] give [C, O, ...kernel]; depthwise (O = C · m) [C, m, ...kernel].
 */
function correlate(g: GraphBuilder, x: Value, dy: Value, window: Window, depthwise: boolean): Value {
  const [batch, channels] = [x.shape[0]!, x.shape[1]!];
  const spatial = range(2, x.shape.length);
  const swap = (value: Value) => transpose(g, value, [1, 0, ...spatial]);
  const turned: Window = { ...window, kernel: window.output, strides: window.dilations, dilations: window.strides, output: window.kernel };
  const images = depthwise ? reshape(g, swap(x), [1, channels * batch, ...window.input]) : swap(x);
  // Elements that no window read (a negative overhang) would make the output longer than the kernel.
  const read = window.input.map((size, i) => size + Math.min(0, overhang(window)[i]!));
  const used = slice(
    g,
    images,
    images.shape.map(() => 0),
    [images.shape[0]!, images.shape[1]!, ...read],
  );
  const result = convolve(g, used, swap(dy), { ...turned, input: read }, depthwise ? channels : 1);
  return depthwise ? reshape(g, result, [channels, dy.shape[1]! / channels, ...window.kernel]) : result;
}

/** [in, out, ...spatial] to tfjs's filter [...spatial, in, out]. */
function tfjsFilter(g: GraphBuilder, filter: Value): Value {
  return transpose(g, filter, [...range(2, filter.shape.length), 0, 1]);
}

type Shape4D = [number, number, number, number];
type Shape5D = [number, number, number, number, number];

function info2D(x: readonly number[], filter: readonly number[], attributes: ConvolutionAttributes, depthwise: boolean): Window {
  const { strides, pad, dilations = 1, dimRoundingMode, dataFormat = 'NHWC' } = attributes;
  const format = backend_util.convertConv2DDataFormat(dataFormat);
  const shapes = [x as Shape4D, filter as Shape4D] as const;
  return window2D(backend_util.computeConv2DInfo(...shapes, strides, dilations ?? 1, pad, dimRoundingMode, depthwise, format));
}

function info3D(x: readonly number[], filter: readonly number[], attributes: Convolution3DAttributes): Window {
  const { strides, pad, dilations = 1, dataFormat = 'NDHWC' } = attributes;
  if (dataFormat !== 'NDHWC') return unsupported('conv3d', `the data format ${dataFormat}`);
  return window3D(backend_util.computeConv3DInfo(x as Shape5D, filter as Shape5D, strides, dilations, pad));
}

function forward(g: GraphBuilder, x: Value, filter: Value, attributes: ConvolutionAttributes, depthwise: boolean): Value {
  const { dataFormat } = attributes;
  const images = channelsFirst(g, x, dataFormat);
  const window = info2D(x.shape, filter.shape, attributes, depthwise);
  return channelsBack(g, convolve(g, images, onnxFilter(g, filter, depthwise), window, depthwise ? images.shape[1]! : 1), dataFormat);
}

function fused(depthwise: boolean): Rule {
  return (g, { x, filter, bias, preluActivationWeights }, attributes: ConvolutionAttributes & FusedAttributes) => {
    const result = forward(g, x!, filter!, attributes, depthwise);
    const channels = attributes.dataFormat === 'NCHW' && bias?.shape.length === 1 ? [sizeOf(bias.shape), 1, 1] : bias?.shape;
    const biased = bias ? arithmetic(g, 'Add', result, reshape(g, bias, channels!)) : result;
    return activate(g, biased, attributes, preluActivationWeights);
  };
}

type Input2DAttributes = ConvolutionAttributes & { readonly inputShape: number[] };
type Filter2DAttributes = ConvolutionAttributes & { readonly filterShape: number[] };

/** The kernels of one family, plain or depthwise: of its input, of its filter. */
function backInput(depthwise: boolean): Rule {
  return (g, { dy, filter }, attributes: Input2DAttributes) => {
    const { inputShape, dataFormat } = attributes;
    const window = info2D(inputShape, filter!.shape, attributes, depthwise);
    const [gradient, weights] = [channelsFirst(g, dy!, dataFormat), onnxFilter(g, filter!, depthwise)];
    const images = depthwise ? spreadDepthwise(g, gradient, weights, window, filter!.shape[2]!) : spread(g, gradient, weights, window, 1);
    return channelsBack(g, images, dataFormat);
  };
}

/** One group per channel, one filter of each at a time: onnxruntime's WebGPU kernel is wrong where groups have several. */
function spreadDepthwise(g: GraphBuilder, dy: Value, filter: Value, window: Window, channels: number): Value {
  const multiplier = filter.shape[0]! / channels;
  const [batch, ...output] = [dy.shape[0]!, ...dy.shape.slice(2)];
  const nth = (value: Value, shape: readonly number[], axis: number, index: number) => {
    const whole = reshape(g, value, shape);
    const begin = shape.map((_, i) => (i === axis ? index : 0));
    const size = shape.map((length, i) => (i === axis ? 1 : length));
    return slice(g, whole, begin, size);
  };
  const parts = Array.from({ length: multiplier }, (_, m) => {
    const gradient = reshape(g, nth(dy, [batch, channels, multiplier, ...output], 2, m), [batch, channels, ...output]);
    const weights = nth(filter, [channels, multiplier, ...window.kernel], 1, m); // [C, 1, ...kernel]
    return spread(g, gradient, weights, window, channels);
  });
  return parts.reduce((sum, part) => arithmetic(g, 'Add', sum, part));
}

function backFilter(depthwise: boolean): Rule {
  return (g, { x, dy }, attributes: Filter2DAttributes) => {
    const { filterShape, dataFormat } = attributes;
    const window = info2D(x!.shape, filterShape, attributes, depthwise);
    return tfjsFilter(g, correlate(g, channelsFirst(g, x!, dataFormat), channelsFirst(g, dy!, dataFormat), window, depthwise));
  };
}

/** Convolutions and their transposes, by ONNX `Conv` and `ConvTranspose`. */
export const convolutionRules: Record<string, Rule> = {
  Conv2D: (g, { x, filter }, attributes: ConvolutionAttributes) => forward(g, x!, filter!, attributes, false),
  Conv2DBackpropInput: backInput(false),
  Conv2DBackpropFilter: backFilter(false),
  DepthwiseConv2dNative: (g, { x, filter }, attributes: ConvolutionAttributes) => forward(g, x!, filter!, attributes, true),
  DepthwiseConv2dNativeBackpropInput: backInput(true),
  DepthwiseConv2dNativeBackpropFilter: backFilter(true),
  FusedConv2D: fused(false),
  FusedDepthwiseConv2D: fused(true),

  Conv3D: (g, { x, filter }, attributes: Convolution3DAttributes) => {
    const window = info3D(x!.shape, filter!.shape, attributes);
    return channelsBack(g, convolve(g, channelsFirst(g, x!), onnxFilter(g, filter!, false), window, 1));
  },
  Conv3DBackpropInputV2: (g, { dy, filter }, attributes: Convolution3DAttributes & { inputShape: number[] }) => {
    const window = info3D(attributes.inputShape, filter!.shape, attributes);
    return channelsBack(g, spread(g, channelsFirst(g, dy!), onnxFilter(g, filter!, false), window, 1));
  },
  Conv3DBackpropFilterV2: (g, { x, dy }, attributes: Convolution3DAttributes & { filterShape: number[] }) => {
    const window = info3D(x!.shape, attributes.filterShape, attributes);
    return tfjsFilter(g, correlate(g, channelsFirst(g, x!), channelsFirst(g, dy!), window, false));
  },
};
