import { clipMerges, tokenTexts } from '../tokenizer/vocabulary.js';

const [start, end] = ['<|startoftext|>', '<|endoftext|>'];

/** The files of transformers' CLIPTokenizer, by name. Texts are cut at `contextLength` tokens. */
export function huggingFaceTokenizer(contextLength: number): Readonly<Record<string, object>> {
  const merges = clipMerges();
  const texts = [...tokenTexts(merges), start, end];
  const [startId, endId] = [texts.length - 2, texts.length - 1];
  const special = (content: string) => ({ content, single_word: false, lstrip: false, rstrip: false, normalized: false });
  return {
    'tokenizer.json': {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [
        { id: startId, ...special(start), special: true },
        { id: endId, ...special(end), special: true },
      ],
      normalizer: {
        type: 'Sequence',
        normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }],
      },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          {
            type: 'Split',
            pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
            behavior: 'Removed',
            invert: true,
          },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        ],
      },
      post_processor: { type: 'RobertaProcessing', sep: [end, endId], cls: [start, startId], trim_offsets: false, add_prefix_space: false },
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: end,
        continuing_subword_prefix: '',
        end_of_word_suffix: '</w>',
        fuse_unk: false,
        vocab: Object.fromEntries(texts.map((text, id) => [text, id])),
        merges,
      },
    },
    'tokenizer_config.json': {
      tokenizer_class: 'CLIPTokenizer',
      bos_token: start,
      eos_token: end,
      unk_token: end,
      pad_token: end,
      add_prefix_space: false,
      do_lower_case: true,
      errors: 'replace',
      model_max_length: contextLength,
    },
    'special_tokens_map.json': { bos_token: special(start), eos_token: special(end), unk_token: special(end), pad_token: end },
  };
}
