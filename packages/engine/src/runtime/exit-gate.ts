// Ending the process while a thread is inside onnxruntime aborts it (code 134). So a program that calls `process.exit`, or
// fails, waits for the runs under way: the gate is a pair of flags in shared memory that both threads set first and look at then,
// so that one of them always sees the other.

const [closing, busy] = [0, 1];
const gates: Int32Array[] = [];
let listening = false;

/** A gate for a new worker thread; the first one makes the process wait at its exit. */
export function newExitGate(): Int32Array {
  if (!listening) process.on('exit', closeGates);
  listening = true;
  const gate = new Int32Array(new SharedArrayBuffer(8));
  gates.push(gate);
  return gate;
}

/** The worker of a gate is gone. */
export function retireExitGate(gate: Int32Array): void {
  gates.splice(gates.indexOf(gate), 1);
}

/** On the user's thread, at exit: lets no worker start anything more and waits for those at work. */
function closeGates(): void {
  for (const gate of gates) Atomics.store(gate, closing, 1);
  for (const gate of gates) while (Atomics.load(gate, busy) === 1) Atomics.wait(gate, busy, 1);
}

/** In the worker, before native work: whether it may begin. */
export function enterGate(gate: Int32Array): boolean {
  Atomics.store(gate, busy, 1);
  if (Atomics.load(gate, closing) === 0) return true;
  leaveGate(gate);
  return false;
}

/** In the worker, after native work. */
export function leaveGate(gate: Int32Array): void {
  Atomics.store(gate, busy, 0);
  Atomics.notify(gate, busy);
}
