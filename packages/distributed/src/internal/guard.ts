import { DeviceError, type HostArray, OptionError, ShapeError } from '@fsc-clip/core';
import type { Collective, ReduceOp } from '../collective.js';

/** The exchange that a driver brings, without any checks: `guard` makes a `Collective` of it. */
export interface Exchange {
  readonly rank: number;
  readonly size: number;
  allReduce<Data extends HostArray['data']>(array: HostArray<Data>, op: ReduceOp): Promise<HostArray<Data>>;
  allGather<Data extends HostArray['data']>(array: HostArray<Data>): Promise<HostArray<Data>>;
  broadcast<Data extends HostArray['data']>(array: HostArray<Data>, root: number): Promise<HostArray<Data>>;
  barrier(): Promise<void>;
  close(): Promise<void>;
}

/** Puts the checks that all drivers share in front of an exchange: arrays, options, and no use after `close`. */
export function guard(exchange: Exchange): Collective {
  const { rank, size } = exchange;
  let closed = false;
  const checkOpen = (name: string) => {
    if (closed) {
      throw new DeviceError({
        function: name,
        argument: 'collective',
        rule: 'must be open',
        got: `one that was closed on rank ${rank}`,
        hint: 'Call close at the very end',
      });
    }
  };
  return {
    rank,
    size,
    allReduce: async (array, op = 'sum') => {
      checkOpen('allReduce');
      checkArray('allReduce', array);
      checkOp(array, op);
      return exchange.allReduce(array, op);
    },
    allGather: async (array) => {
      checkOpen('allGather');
      checkArray('allGather', array);
      return exchange.allGather(array);
    },
    broadcast: async (array, root = 0) => {
      checkOpen('broadcast');
      checkArray('broadcast', array);
      if (!Number.isInteger(root) || root < 0 || root >= size) {
        throw new OptionError({ function: 'broadcast', argument: 'root', rule: `must be a rank in [0, ${size})`, got: String(root) });
      }
      return exchange.broadcast(array, root);
    },
    barrier: async () => {
      checkOpen('barrier');
      return exchange.barrier();
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await exchange.close();
    },
  };
}

function checkArray(name: string, { data, shape }: HostArray): void {
  const fail = (rule: string, got: string): never => {
    throw new ShapeError({ function: name, argument: 'array', rule, got });
  };
  if (!(data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array)) {
    fail('must hold a Float32Array, an Int32Array or a Uint8Array', Object.prototype.toString.call(data));
  }
  const length = shape.reduce((product, dimension) => product * dimension, 1);
  if (length !== data.length) fail(`must hold as many numbers as its shape [${shape.join(', ')}], ${length}`, String(data.length));
}

function checkOp({ data }: HostArray, op: ReduceOp): void {
  const fail = (rule: string): never => {
    throw new OptionError({ function: 'allReduce', argument: 'op', rule, got: String(op) });
  };
  if (!['sum', 'mean', 'max'].includes(op)) fail('must be sum, mean or max');
  if (data instanceof Uint8Array) fail('needs an array of f32 or i32, since bytes overflow');
  if (op === 'mean' && data instanceof Int32Array) fail('must be sum or max for integers');
}
