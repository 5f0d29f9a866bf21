import type { Case } from '../case.fixture.js';
import { convolutionCases } from './convolution.fixture.js';
import { elementwiseCases } from './elementwise.fixture.js';
import { emptyCases } from './empty.fixture.js';
import { imageCases } from './images.fixture.js';
import { indexingCases } from './indexing.fixture.js';
import { matMulCases } from './matmul.fixture.js';
import { poolingCases } from './pooling.fixture.js';
import { reductionCases } from './reductions.fixture.js';
import { selectionCases } from './selection.fixture.js';
import { shapeCases } from './shapes.fixture.js';

/** Every case of every rule, by family. */
export const caseFamilies: Readonly<Record<string, readonly Case[]>> = {
  elementwise: elementwiseCases,
  reductions: reductionCases,
  shapes: shapeCases,
  matmul: matMulCases,
  indexing: indexingCases,
  selection: selectionCases,
  convolution: convolutionCases,
  pooling: poolingCases,
  images: imageCases,
  empty: emptyCases,
};
