/** The unit roundoff of float16, which has eleven significant bits. */
const roundoff = 2 ** -11;

/**
 * How far float16 may lead from float32 through so many products. Each rounds two operands and its result; independent roundings add up in
 * their squares, if the layers between do not enlarge them, and the tolerance is twice that. bfloat16, which rounds eight times as much, is
 * beyond it.
 */
export function halfTolerance(products: number): number {
  return 2 * roundoff * Math.sqrt(3 * products);
}

/** Products that follow one another in a tower: patches, then six a layer (in, scores, values, out, two of the perceptron), the projection. */
export function productsOf(layers: number): number {
  return 1 + 6 * layers + 1;
}
