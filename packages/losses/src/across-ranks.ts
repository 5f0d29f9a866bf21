import { OptionError, ShapeError } from '@fsc-clip/core';
import { detached } from '@fsc-clip/core/tensor';
import { concat, reshape, type Scalar, slice, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { scaleGradient } from './internal/scale-gradient.js';
import { checkRanks, type RankOptions } from './ranks.js';

/** Arrays of all ranks, by the names that they have in a model's output or a batch. */
export type Gathered<Name extends PropertyKey> = { readonly [N in Name]?: Tensor };

/**
 * Lets a loss that looks across the batch see the batches of all ranks. What every rank gathers (`allGather`: rank 0's rows first) stands
 * in `batch.gathered` by its name; this rank's own rows are put in their place with their gradient, and the texts are put back in order,
 * captions of all ranks before the negatives, type-major. Names that are not gathered, such as `logitScale`, are handed on as they are.
 *
 * Every rank computes the loss of the whole batch, so all of them report the same value. Works for any loss over rows of the batch, also
 * one of your own. B, the images of one rank, is read off `imageFeatures`, `imageTokens` or `negativeMask`, else it is the smallest
 * number of rows; arrays of M·B rows are taken as type-major, others in the order of the ranks.
 *
 * @param loss - sees the global batch: B becomes size · B
 * @returns a loss over this rank's `output` and `batch`, with `batch.gathered`: an array [size · n, …] for every name that has n rows
 * @throws OptionError when `rank` or `size` is none or nothing was gathered, ShapeError (from the loss) when a gathered array does not fit
 * @see open_clip, `gather_features`
 * @example
 * const loss = acrossRanks(clipLoss, { rank: 0, size: 1 }); // or a Collective of @fsc-clip/distributed
 * const { imageFeatures, textFeatures } = output; // as one rank would have gathered them
 * const value = loss(output, { gathered: { imageFeatures, textFeatures } });
 */
export function acrossRanks<Output extends object, Batch>(
  loss: (output: Output, batch: Batch) => Scalar,
  { rank, size, gather = 'exact' }: RankOptions,
): (output: Output, batch: Batch & { readonly gathered: Gathered<keyof Output | keyof Batch> }) => Scalar {
  checkRanks('acrossRanks', { rank, size, gather });
  return (output, batch) => {
    const gathered: Gathered<string> | undefined = batch.gathered;
    if (gathered === undefined) {
      const rule = 'must be there: the arrays of all ranks by name';
      throw new OptionError({ function: 'acrossRanks', argument: 'batch.gathered', rule, got: 'none' });
    }
    const images = imagesOfRank({ ...output, ...batch } as Gathered<string>);
    const everywhere = <Local extends object>(local: Local, own: (rows: Tensor) => Tensor): Local => {
      const names = Object.keys(local).filter((name) => gathered[name] !== undefined);
      const globalOf = (name: string) => {
        const rows = (local as Gathered<string>)[name]!;
        checkGathered(name, rows, gathered[name]!, size);
        return inOrder(name, insert(own(rows), gathered[name]!, rank), size, images);
      };
      return { ...local, ...Object.fromEntries(names.map((name) => [name, globalOf(name)])) };
    };
    return tidy(() => {
      // averaged over the ranks, the gradient of this rank's rows counts once in `size`
      const ownOutput = (rows: Tensor) => (gather === 'exact' ? scaleGradient(rows, size) : rows);
      return loss(
        everywhere(output, ownOutput),
        everywhere(batch, (rows) => rows),
      );
    });
  };
}

function imagesOfRank(local: Gathered<string>): number {
  const { imageFeatures, imageTokens, negativeMask } = local;
  const rows = Object.values(local).flatMap((array) => array?.shape?.slice(0, 1) ?? []);
  return imageFeatures?.shape[0] ?? imageTokens?.shape[0] ?? negativeMask?.shape[1] ?? Math.min(...rows);
}

function checkGathered(name: string, { shape }: Tensor, all: Tensor, size: number): void {
  const wanted = [size * shape[0]!, ...shape.slice(1)];
  if (all.shape.join() === wanted.join()) return;
  throw new ShapeError({
    function: 'acrossRanks',
    argument: `gathered.${name}`,
    rule: `must hold the rows of ${size} ranks, [${wanted.join(', ')}]`,
    got: `[${all.shape.join(', ')}]`,
  });
}

/** The rows of all ranks, where this rank's are the ones that carry a gradient. */
function insert(own: Tensor, all: Tensor, rank: number): Tensor {
  const rows = own.shape[0]!;
  // numbers even where the caller gathered the very tensors that are differentiated
  const others = (from: number, count: number) => (count === 0 ? [] : [detached((rows: Tensor) => slice(rows, from, count), all)]);
  return concat([...others(0, rank * rows), own, ...others((rank + 1) * rows, all.shape[0]! - (rank + 1) * rows)]);
}

/** From rank by rank to type-major over all ranks: [W·M·B, …] by way of [M, W, B, …], and masks [W·K, B] to [K, W·B]. */
function inOrder(name: string, all: Tensor, size: number, images: number): Tensor {
  const [rows, ...row] = all.shape as [number, ...number[]];
  if (name === 'negativeMask') {
    const slots = rows / size;
    return reshape(transpose(reshape(all, [size, slots, images]), [1, 0, 2]), [slots, size * images]);
  }
  const types = rows / (size * images);
  if (!Number.isInteger(types) || types === 1) return all;
  const grid = reshape(all, [size, types, images, ...row]);
  return reshape(transpose(grid, [1, 0, ...grid.shape.map((_, axis) => axis).slice(2)]), all.shape);
}
