const byShape = 'The shape of its result depends on the values: compute a mask of the same shape instead';
const complex = 'Complex numbers have no ONNX type: write real and imaginary parts as two tensors';
const strings = 'Programs hold no strings: prepare text before the step';
const images = 'Change images before the step (prefetched by @fsc-clip/data, or eagerly)';
const internal = 'No tfjs operation calls it';
const morphology = 'Write it by slices, additions and `max`, which have gradients';

/** Why a tfjs kernel has no rule, and what to do instead. */
export const refusals: Readonly<Record<string, string>> = {
  BroadcastArgs: 'Shapes are known when the function is traced: use backend_util.assertAndGetBroadcastShape',
  Complex: complex,
  ComplexAbs: complex,
  CropAndResize: images,
  Dilation2D: morphology,
  Dilation2DBackpropFilter: morphology,
  Dilation2DBackpropInput: morphology,
  Draw: images,
  FFT: complex,
  FlipLeftRight: 'Use reverse along the axis of columns',
  FromPixels: images,
  IFFT: complex,
  Imag: complex,
  LowerBound: `${internal}: lowerBound is searchSorted`,
  MatrixBandPart: `${internal}: linalg.bandPart is made of operations that compile`,
  MaxPoolWithArgmax: 'Use maxPool, or topk over patches where the positions are wanted',
  Multinomial: 'Its numbers would be the same in every call: compare cumsum of the probabilities with uniform(key, shape)',
  NonMaxSuppressionV3: byShape,
  NonMaxSuppressionV4: byShape,
  NonMaxSuppressionV5: byShape,
  Pool: `${internal}: pool is maxPool or avgPool`,
  RaggedGather: byShape,
  RaggedRange: byShape,
  RaggedTensorToTensor: byShape,
  Real: complex,
  ResizeBilinearGrad: 'The gradient of resizeBilinear is made of matrix products (registerGradients)',
  ResizeNearestNeighborGrad: 'The gradient of resizeNearestNeighbor is made of matrix products (registerGradients)',
  RotateWithOffset: images,
  SparseFillEmptyRows: byShape,
  SparseReshape: byShape,
  SparseSegmentMean: 'Use gather and unsortedSegmentSum, divided by the counts',
  SparseSegmentSum: 'Use gather and unsortedSegmentSum',
  StaticRegexReplace: strings,
  StringNGrams: strings,
  StringSplit: strings,
  StringToHashBucketFast: strings,
  Transform: images,
  Unique: byShape,
  UpperBound: `${internal}: upperBound is searchSorted`,
};
