/**
 * What Unicode and Python call white space, as the inside of a regular-expression class. JavaScript's `\s` differs: it leaves out
 * U+0085 and takes the byte-order mark for a blank.
 */
export const whitespace = '\\t-\\r\\x1c-\\x1f \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
