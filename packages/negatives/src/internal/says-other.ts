/** The letters and digits of a text, in lower case, word by word. */
const bareWords = (text: string) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');

/** Whether two texts differ in more than case, spaces and marks. Only then is one a negative of the other. */
export const saysOther = (text: string, other: string): boolean => text !== other && bareWords(text) !== bareWords(other);
