import type { Refuse } from '../files/refuse.js';
import { pickleCursor } from './pickle-cursor.js';
import { isGlobal, isObject, type TorchDict, type TorchGlobal, type TorchValue } from './torch-value.js';

/** What a pickle means beyond plain data. */
export interface PickleRules {
  /** The function or class of this name; throws when it is not allowed. */
  global(module: string, name: string): TorchGlobal;
  /** The storage that a persistent id stands for; throws when there is none. */
  persistent(id: TorchValue): TorchValue;
  /** Stops: the pickle is not what PyTorch writes. */
  readonly refuse: Refuse;
}

/**
 * Interprets a pickle as a small machine: data is built, allowed functions are ours, and nothing of the file is run. Every value takes
 * at least one byte of the pickle, so memory is bounded by its length.
 *
 * Opcodes are those that PyTorch and TorchScript write (protocol 2), and the cheap part of protocol 4.
 *
 * @returns what the pickle holds
 */
export function unpickle(source: Uint8Array, rules: PickleRules): TorchValue {
  const { refuse } = rules;
  const cursor = pickleCursor(source, refuse);
  let stack: TorchValue[] = [];
  const below: TorchValue[][] = []; // stacks under marks
  const memo = new Map<number, TorchValue>();

  const broken = (what: string): never => refuse('must hold a pickle that adds up', `${what} before its byte ${cursor.position()}`);
  const push = (value: TorchValue): void => {
    stack.push(value); // after `value` is made: that can change which stack is on top
  };
  const top = (): TorchValue => {
    const value = stack.at(-1);
    return value === undefined ? broken('too few values') : value;
  };
  const pop = (): TorchValue => {
    const value = top();
    stack.pop();
    return value;
  };
  const popped = (count: number): TorchValue[] => (count > stack.length ? broken('too few values') : stack.splice(-count));
  const mark = (): void => {
    below.push(stack);
    stack = [];
  };
  const sinceMark = (): TorchValue[] => {
    const values = stack;
    stack = below.pop() ?? broken('no mark');
    return values;
  };
  const topList = (): TorchValue[] => {
    const list = top();
    return Array.isArray(list) ? list : broken('no list');
  };
  const append = (items: readonly TorchValue[]): void => {
    const list = topList();
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly TorchValue[], dict: TorchValue = top()): TorchDict => {
    if (!(dict instanceof Map) || items.length % 2 !== 0) return broken('no dictionary');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i]!, items[i + 1]!);
    return dict;
  };
  const recall = (index: number): TorchValue => {
    const value = memo.get(index);
    return value === undefined ? broken('something recalled that was not stored') : value;
  };
  const call = (): TorchValue => {
    const args = topList();
    pop();
    const callee = pop();
    if (!isGlobal(callee)) return broken('a call of what is no function');
    const result = callee.call?.(args);
    return result === undefined ? refuse(`must call \`${callee.name}\` as PyTorch does`, 'other arguments') : result;
  };
  const build = (): void => {
    const state = pop();
    const built = top();
    if (isObject(built)) built.state = state;
    // Python attributes of a dictionary, such as a state_dict's _metadata, are no part of it.
    else if (!(built instanceof Map)) broken('the state of what is no object');
  };
  const global = (module: TorchValue, name: TorchValue): TorchGlobal =>
    typeof module === 'string' && typeof name === 'string' ? rules.global(module, name) : broken('a function without name');

  const steps: Readonly<Record<number, () => unknown>> = {
    128: () => cursor.byte() > 5 && broken('a protocol above 5'), // PROTO
    149: () => cursor.bytes(8), // FRAME
    40: mark, // MARK
    48: () => (stack.length > 0 ? pop() : sinceMark()), // POP
    49: sinceMark, // POP_MARK
    50: () => push(top()), // DUP
    78: () => push(null), // NONE
    136: () => push(true), // NEWTRUE
    137: () => push(false), // NEWFALSE
    75: () => push(cursor.byte()), // BININT1
    77: () => push(cursor.uint16()), // BININT2
    74: () => push(cursor.int32()), // BININT
    138: () => push(cursor.integer(cursor.byte())), // LONG1
    71: () => push(cursor.float64()), // BINFLOAT
    88: () => push(cursor.text(cursor.uint32())), // BINUNICODE
    140: () => push(cursor.text(cursor.byte())), // SHORT_BINUNICODE
    66: () => push(cursor.bytes(cursor.uint32())), // BINBYTES
    67: () => push(cursor.bytes(cursor.byte())), // SHORT_BINBYTES
    41: () => push([]), // EMPTY_TUPLE
    93: () => push([]), // EMPTY_LIST
    125: () => push(new Map()), // EMPTY_DICT
    133: () => push(popped(1)), // TUPLE1
    134: () => push(popped(2)), // TUPLE2
    135: () => push(popped(3)), // TUPLE3
    116: () => push(sinceMark()), // TUPLE
    108: () => push(sinceMark()), // LIST
    100: () => push(setItems(sinceMark(), new Map())), // DICT
    97: () => append(popped(1)), // APPEND
    101: () => append(sinceMark()), // APPENDS
    115: () => setItems(popped(2)), // SETITEM
    117: () => setItems(sinceMark()), // SETITEMS
    113: () => memo.set(cursor.byte(), top()), // BINPUT
    114: () => memo.set(cursor.uint32(), top()), // LONG_BINPUT
    148: () => memo.set(memo.size, top()), // MEMOIZE
    104: () => push(recall(cursor.byte())), // BINGET
    106: () => push(recall(cursor.uint32())), // LONG_BINGET
    99: () => push(global(cursor.line(), cursor.line())), // GLOBAL
    147: () => push(global(...(popped(2) as [TorchValue, TorchValue]))), // STACK_GLOBAL
    81: () => push(rules.persistent(pop())), // BINPERSID
    82: () => push(call()), // REDUCE
    129: () => push(call()), // NEWOBJ
    98: build, // BUILD
  };
  const stop = 46;
  for (let opcode = cursor.byte(); opcode !== stop; opcode = cursor.byte()) {
    const step = steps[opcode];
    if (step) step();
    else refuse('must hold a pickle as PyTorch writes it', `opcode ${opcode} at its byte ${cursor.position() - 1}`);
  }
  return stack.length === 1 && below.length === 0 ? pop() : broken('values left over, or none');
}
