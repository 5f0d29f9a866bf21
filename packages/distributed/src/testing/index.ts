export { simulateRanks } from './simulate-ranks.js';
