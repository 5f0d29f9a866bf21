import { mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

// Tests that need a device which not every machine has; run by the `test:…` command that brings it.
export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  { test: { include: ['{packages,examples,tools}/**/*.test-device.ts'], testTimeout: 600_000, hookTimeout: 600_000 } },
);
