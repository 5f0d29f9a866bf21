/** Base form, past, participle. */
const verbs =
  `be was been,bear bore born,beat beat beaten,become became become,begin began begun,bend bent bent,bind bound bound,bite bit bitten,
blow blew blown,break broke broken,bring brought brought,build built built,buy bought bought,catch caught caught,choose chose chosen,
cling clung clung,come came come,cut cut cut,deal dealt dealt,dig dug dug,do did done,draw drew drawn,drink drank drunk,drive drove driven,
eat ate eaten,fall fell fallen,feed fed fed,feel felt felt,fight fought fought,find found found,fly flew flown,fold folded folded,
forget forgot forgotten,freeze froze frozen,get got got,give gave given,go went gone,grind ground ground,grow grew grown,hang hung hung,
have had had,hear heard heard,hide hid hidden,hit hit hit,hold held held,hurt hurt hurt,keep kept kept,kneel knelt knelt,know knew known,
lay laid laid,lead led led,leave left left,lend lent lent,let let let,lie lay lain,light lit lit,lose lost lost,make made made,
mean meant meant,meet met met,pay paid paid,put put put,read read read,ride rode ridden,ring rang rung,rise rose risen,run ran run,
say said said,see saw seen,seek sought sought,sell sold sold,send sent sent,set set set,sew sewed sewn,shake shook shaken,shine shone shone,
shoot shot shot,show showed shown,shut shut shut,sing sang sung,sink sank sunk,sit sat sat,sleep slept slept,slide slid slid,
speak spoke spoken,spend spent spent,spin spun spun,split split split,spread spread spread,stand stood stood,steal stole stolen,
stick stuck stuck,string strung strung,sweep swept swept,swim swam swum,swing swung swung,take took taken,teach taught taught,
tear tore torn,tell told told,think thought thought,throw threw thrown,understand understood understood,wake woke woken,wear wore worn,
weave wove woven,win won won,wind wound wound,write wrote written`
    .split(/,\s*/)
    .map((line) => line.split(' ') as [string, string, string]);

const bases = new Map<string, string[]>();
for (const [base, past, participle] of verbs) {
  for (const form of new Set([past, participle])) bases.set(form, [...(bases.get(form) ?? []), base]);
}
const gerunds: readonly [string, string][] = [
  ['lying', 'lie'],
  ['dying', 'die'],
  ['tying', 'tie'],
  ['is', 'be'],
  ['are', 'be'],
  ['am', 'be'],
  ['has', 'have'],
  ['does', 'do'],
];
for (const [form, base] of gerunds) bases.set(form, [base]);

/** Past forms and participles that no rule gives, and base forms by such a form. */
export const irregularVerbs: {
  readonly past: ReadonlyMap<string, string>;
  readonly participle: ReadonlyMap<string, string>;
  readonly baseForms: ReadonlyMap<string, readonly string[]>;
} = {
  past: new Map(verbs.map(([base, past]) => [base, past])),
  participle: new Map(verbs.map(([base, , participle]) => [base, participle])),
  baseForms: bases,
};

/** Plural endings that no rule gives, and the singular's. */
export const pluralEndings: readonly (readonly [string, string])[] = [
  ['people', 'person'],
  ['men', 'man'],
  ['children', 'child'],
  ['feet', 'foot'],
  ['teeth', 'tooth'],
  ['geese', 'goose'],
  ['mice', 'mouse'],
  ['knives', 'knife'],
  ['wives', 'wife'],
  ['lives', 'life'],
  ['leaves', 'leaf'],
  ['wolves', 'wolf'],
  ['oxen', 'ox'],
];
