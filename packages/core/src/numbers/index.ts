export { fromBfloat16s, fromFloat16, fromFloat16s, toBfloat16, toFloat16 } from './float16.js';
