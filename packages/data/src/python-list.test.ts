import { expect, it } from 'vitest';
import { parsePythonStrings } from './python-list.js';

it.each([
  ['[]', []],
  ["['a dog']", ['a dog']],
  [`['a dog', "a cat's bowl", ]`, ['a dog', "a cat's bowl"]],
  [String.raw`['both \' and "', 'back\\slash', 'line\nbreak', 'tab\there']`, ['both \' and "', 'back\\slash', 'line\nbreak', 'tab\there']],
  [String.raw`['\x41\u00e9\U0001F600\101 \q']`, ['Aé😀A \\q']],
  ['["a, b]"]', ['a, b]']],
])('reads %s', (text, expected) => expect(parsePythonStrings(text)).toEqual(expected));

it.each([
  '',
  "'a'",
  "['a'",
  '[1]',
  "['a' 'b']",
  "['a',,]",
  "[__import__('os')]",
  "['a'].x",
  '[["a"]]',
  String.raw`['\x4']`,
  String.raw`['\U99999999']`,
])('refuses %s', (text) => expect(parsePythonStrings(text)).toBeUndefined());
