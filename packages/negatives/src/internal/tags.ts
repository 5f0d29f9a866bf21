/**
 * Part of speech of a token, Penn Treebank's names. Verbs: VB base, VBP and VBZ present, VBD past, VBG gerund, VBN participle; AUX for forms
 * of be, have, do and modals that help another verb; IN for prepositions, particles and subordinators; X for marks and what has no class.
 */
export type Tag =
  | 'NN'
  | 'NNS'
  | 'NNP'
  | 'JJ'
  | 'JJR'
  | 'JJS'
  | 'RB'
  | 'VB'
  | 'VBP'
  | 'VBZ'
  | 'VBD'
  | 'VBG'
  | 'VBN'
  | 'AUX'
  | 'IN'
  | 'RP'
  | 'TO'
  | 'DT'
  | 'CD'
  | 'PRP'
  | 'PRP$'
  | 'WDT'
  | 'CC'
  | 'EX'
  | 'POS'
  | 'X';

export const isNoun = (tag: Tag | undefined): boolean => tag === 'NN' || tag === 'NNS' || tag === 'NNP';
export const isAdjective = (tag: Tag | undefined): boolean => tag === 'JJ' || tag === 'JJR' || tag === 'JJS';
export const isVerb = (tag: Tag | undefined): boolean => tag?.startsWith('VB') === true;
