import { expect, it } from 'vitest';
import { boundedCache } from './bounded-cache.js';

it('remembers the last keys, and forgets the oldest', () => {
  const computed: string[] = [];
  const cached = boundedCache(2, (key) => {
    computed.push(key);
    return key.toUpperCase();
  });
  expect(['a', 'b', 'a', 'b', 'a'].map(cached)).toEqual(['A', 'B', 'A', 'B', 'A']);
  expect(computed).toEqual(['a', 'b']);
  for (let i = 0; i < 4; i++) cached(`other ${i}`);
  computed.length = 0;
  cached('other 3');
  cached('a');
  expect(computed).toEqual(['a']);
});

it('keeps what is asked for again and again', () => {
  const computed: string[] = [];
  const cached = boundedCache(4, (key) => computed.push(key));
  for (let i = 0; i < 100; i++) {
    cached('often');
    cached(`once ${i}`);
  }
  expect(computed.filter((key) => key === 'often')).toEqual(['often']);
});
