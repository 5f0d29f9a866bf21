export { cacheFolder } from './cache-folder.js';
