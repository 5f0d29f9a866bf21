import type { DevicesReport } from './devices.js';

/** The report of `devices()` as a table for people, with the reasons and the commands below it. */
export function formatDevices({ platform, versions, providerFiles, devices }: DevicesReport): string {
  const header = ['device', 'here', 'runs on', 'state'];
  const rows = [header, ...devices.map(({ device, available, runsOn, state }) => [device, available ? 'yes' : 'no', runsOn, state])];
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const reasons = devices.flatMap(({ device, reason, hint }) =>
    reason === undefined ? [] : [`${device}: ${reason}`, ...(hint ? [`  ${hint}`] : [])],
  );
  const files = providerFiles.length > 0 ? ` with ${providerFiles.join(', ')}` : '';
  const machine = `${platform}, node ${versions.node}, tfjs ${versions.tfjs}, onnxruntime ${versions.onnxruntime}${files}`;
  return [machine, '', ...table, ...(reasons.length > 0 ? ['', ...reasons] : [])].join('\n');
}
