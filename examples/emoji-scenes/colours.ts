/** A colour as 8-bit red, green, blue. */
export type Rgb = readonly [number, number, number];

/** The named grounds that things stand on. */
export const colours: Readonly<Record<string, Rgb>> = {
  red: [214, 39, 40],
  yellow: [250, 215, 50],
  green: [60, 160, 70],
  blue: [45, 95, 200],
  purple: [130, 60, 170],
  pink: [250, 160, 195],
  white: [243, 243, 243],
  black: [28, 28, 28],
};

/** Their names, in order. */
export const colourNames: readonly string[] = Object.keys(colours);
