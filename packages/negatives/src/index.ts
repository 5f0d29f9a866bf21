export { swapNegatives, swapCandidates } from './swap.js';
export { ngramShuffle, shuffleCandidates } from './shuffle.js';
