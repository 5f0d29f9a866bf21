import type { Tag } from './tags.js';

const listed: Readonly<Partial<Record<Tag, string>>> = {
  DT: 'a an the this these those every each some any no another both all either neither',
  PRP: 'i you he she it we they me him us them myself yourself himself herself itself ourselves themselves',
  PRP$: 'my your his its our their whose',
  WDT: 'who whom which what whatever whichever',
  CC: 'and or but nor &',
  IN: 'aboard about above across after against along alongside although amid amidst among amongst around as at atop because before behind below beneath beside besides between beyond by despite down during except for from if in inside into like near of off on onto out outside over past since than though through throughout till toward towards under underneath unless until unto up upon via when where while whilst with within without',
  CD: 'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million',
  AUX: 'is are was were am be been being can could will would shall should may might must ca wo isn aren',
  RB: "not n't very too quite also just almost nearly really then there here now together upside next away apart ahead indoors outdoors sideways once twice how why alone",
  JJ: 'many several few various other such own same more most less white black red blue green yellow purple pink brown orange gray grey beige tan turquoise multiple sliced full empty ready',
  VBN: 'stuffed',
  NN: 'something someone anything anyone nothing everything everyone front middle half',
};

/**
 * Words whose class a caption does not change, or that the tagger knows less well than this list does: prepositions and pronouns are
 * few, and colours are adjectives even where no noun follows (`a car on purple`).
 */
export const closedClasses: ReadonlyMap<string, Tag> = new Map(
  Object.entries(listed).flatMap(([tag, words]) => words.split(' ').map((word) => [word, tag as Tag])),
);

/** Nouns that end like gerunds. */
export const nounsInIng: ReadonlySet<string> = new Set(
  'building railing painting ceiling clothing wedding morning evening string king ring wing thing spring swing sling sibling being icing topping dressing frosting pudding dumpling lighting bedding flooring siding awning railing crossing landing opening setting serving filling stuffing shilling sterling earring string ping offspring covering carving drawing writing parking living dining housing roofing'.split(
    ' ',
  ),
);

/** Nouns that end in s and are no verbs, or are plural without showing it. */
export const plainPlurals: ReadonlySet<string> = new Set(
  'people men women children feet teeth geese mice cattle pants shorts jeans clothes glasses sunglasses scissors skis skates goggles pajamas leaves knives shelves wolves loaves halves scarves'.split(
    ' ',
  ),
);
