import { hasKoffi } from './drivers/has-koffi.js';
import type { CarryOut, SessionDevice } from './protocol.js';
import { createSessions } from './sessions.js';

/** The sessions of a device, by the driver that is best here. Only what that driver needs is loaded. */
export async function openDevice(device: SessionDevice): Promise<CarryOut> {
  if (device === 'cuda' && hasKoffi()) {
    const { createIoBindingDriver } = await import('./drivers/io-binding-driver.js');
    return createSessions(await createIoBindingDriver(device));
  }
  if (device === 'webgpu') {
    const { createWebgpuDriver } = await import('./drivers/webgpu-driver.js');
    return createSessions(createWebgpuDriver());
  }
  const { createHostDriver } = await import('./drivers/host-driver.js');
  return createSessions(createHostDriver(device));
}
