import type { InferenceSession } from 'onnxruntime-node';
import type { ProgramSpec, SessionDevice } from '../protocol.js';

/** What every session of onnxruntime-node is opened with. */
export function sessionOptions(
  device: SessionDevice,
  { constants }: ProgramSpec,
  profilePrefix: string | undefined,
): InferenceSession.SessionOptions {
  return {
    externalData: constants.flatMap(({ name, bytes, fedShape }) => (fedShape ? [] : { path: name, data: bytes })),
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    // Programs come with their final operators; onnxruntime's passes would merge a recomputed forward with the first one.
    graphOptimizationLevel: 'disabled',
    enableMemPattern: false, // one block for all of a run is touched anew each time: more memory, more page faults
    // Tiny gradients make denormal moments, which a processor multiplies a hundred times slower.
    extra: { session: { set_denormal_as_zero: '1' } },
    logSeverityLevel: 3,
    ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
  };
}
