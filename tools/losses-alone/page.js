import { compute } from './program.js';

const result = await compute().catch((error) => ({ error: String(error?.stack ?? error) }));
await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
