import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ShapeError } from '@fsc-clip/core';
import { decodeImage } from '@fsc-clip/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sampleReport } from '../../tools/sample-report.js';
import { type ReportData, writeReport } from '../index.js';
import { renderReport } from './render-report.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterAll(() => rm(folder, { recursive: true }));

const attack = `</title></style><script>alert(1)</script><img src=x onerror="alert('2')">&amp;\u0000\ud800`;

/** Every text of the data replaced. */
function withTexts(data: ReportData, text: string): ReportData {
  const replaced = (value: unknown): unknown => {
    if (typeof value === 'string') return text;
    if (Array.isArray(value)) return value.map(replaced);
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaced(item)]));
  };
  return replaced(data) as ReportData;
}

describe('the page', () => {
  test('is well formed, as it stands and with hostile texts everywhere', () => {
    const open = elements(renderReport(sampleReport()));
    expect(open.filter(({ name }) => name === 'h2')).toHaveLength(5);
    const hostile = renderReport(withTexts(sampleReport(), attack));
    expect(hostile).not.toContain('<script');
    expect(hostile).not.toContain('onerror="');
    expect(hostile).not.toContain("'2'");
    expect(hostile).toContain('&lt;script&gt;alert(1)');
    expect(elements(hostile).filter(({ name }) => name === 'script' || name === 'title').length).toBe(
      elements(renderReport(withTexts(sampleReport(), 'text'))).filter(({ name }) => name === 'title').length,
    );
  });

  test('asks the network for nothing: every address is a picture inside the page, or a place in it', () => {
    const page = renderReport(withTexts(sampleReport(), 'https://example.org/a.png'));
    const addresses = elements(page).flatMap(({ attributes }) =>
      [attributes['src'], attributes['href']].filter((address) => address !== undefined),
    );
    expect(addresses.length).toBeGreaterThan(5);
    for (const address of addresses) expect(address).toMatch(/^(data:image\/png;base64,[\w+/=]+|#picture-\d+)$/);
    expect(page).toContain(`content="default-src &#39;none&#39;; img-src data:; style-src &#39;unsafe-inline&#39;"`);
    expect(page).not.toMatch(/url\(|@import/);
  });

  test('says in words what it draws', () => {
    const parts = elements(renderReport(sampleReport()));
    const pictures = parts.filter(({ name, attributes }) => name === 'img' || attributes['role'] === 'img');
    expect(pictures).toHaveLength(2 + 3 + 2 + 18); // charts, hard cases, whole images, words
    for (const { attributes } of pictures) expect(attributes['alt'] ?? attributes['aria-label']).toMatch(/\w/);
  });

  test('shows the scores, the direction of a difference, and which foil won', () => {
    const page = renderReport({
      title: 'T',
      settings: { seeds: 3 },
      scores: {
        metrics: [{ key: 'group', label: 'Group', chance: 1 / 6, headline: true }],
        rows: [
          { method: 'A', scores: { group: { value: 0.1, standardError: 0.01 } } },
          { method: 'B', scores: { group: { value: 0.4284, standardError: 0.0247, difference: { value: 0.33, standardError: 0.02 } } } },
          { method: 'C', scores: { group: { value: 0.05, standardError: 0.01, difference: { value: -0.05, standardError: 0.02 } } } },
          { method: 'D', scores: {} },
        ],
      },
      hardCases: [
        {
          image: { data: new Uint8Array(3), width: 1, height: 1 },
          caption: 'a cat on a mat',
          foil: 'a mat on a cat',
          scores: [
            { method: 'A', caption: 0.2, foil: 0.3 },
            { method: 'B', caption: 0.3, foil: 0.2 },
            { method: 'C', caption: 0.3, foil: 0.3 },
            { method: 'D', caption: Number.NaN, foil: 0.3 },
          ],
        },
      ],
    });
    elements(page);
    expect(page).toContain('<span class="best">42.8</span><small> ± 2.5</small>');
    expect(page).toContain('<span class="difference up">▲ +33.0');
    expect(page).toContain('<span class="difference down">▼ −5.0');
    expect([...page.matchAll(/class="(right|wrong)"/g)].map(([, verdict]) => verdict)).toEqual(['wrong', 'right', 'wrong', 'wrong']);
    expect(page).not.toContain('NaN');
  });

  test('a loss that became NaN breaks its line and nothing else', () => {
    const { scores } = sampleReport();
    const y = [1, 2, Number.NaN, 3, Number.POSITIVE_INFINITY];
    const curves = [{ title: 'loss', xLabel: 'step', yLabel: 'loss', series: [{ method: 'CLIP', x: [0, 1, 2, 3, 4], y }] }];
    const page = renderReport({ title: 'T', settings: {}, scores, curves });
    const line = elements(page).find(
      ({ attributes }) => attributes['class'] === 'line' && /^M\S+ \S+L\S+ \S+M\S+ \S+$/.test(attributes['d'] ?? ''),
    );
    expect(line).toBeDefined();
    expect(page).not.toContain('NaN');
  });

  test('an alignment map veils by weight relative to the highest and outlines the strong patches', () => {
    const image = { data: new Uint8Array(4 * 4 * 3), width: 4, height: 4 };
    const draw = (...weights: number[]) => {
      const words = [{ word: 'cat', weights: Float32Array.from(weights) }];
      const page = renderReport({ title: 'T', settings: {}, scores: { metrics: [], rows: [] }, alignmentMaps: [{ image, words }] });
      const parts = elements(page);
      return {
        veil: parts.filter(({ name }) => name === 'rect').map(({ attributes }) => Number(attributes['opacity'])),
        outline: parts.find(({ attributes }) => attributes['class'] === 'frame')?.attributes['d'],
        label: parts.filter(({ attributes }) => attributes['role'] === 'img')[1]?.attributes['aria-label'],
      };
    };
    const { veil, outline, label } = draw(0, 0.4, 0.1, 0);
    expect(veil).toEqual([0.84, 0, 0.63, 0.84]);
    expect(outline).toBe('M2 0H4M2 0V2M4 0V2M2 2H4'); // the square at row 1, column 2
    expect(label).toBe('cat: strongest in row 1, column 2 of 2, 80% of the weight');
    expect(draw(0, 0, 0, 0)).toEqual({ veil: [0.84, 0.84, 0.84, 0.84], outline: '', label: 'cat: looks at no patch' });
  });
});

test('pictures survive, to the pixel', async () => {
  const { hardCases = [] } = sampleReport();
  const page = renderReport(sampleReport());
  const addresses = elements(page).flatMap(({ name, attributes }) => (name === 'img' ? [attributes['src']!] : []));
  for (const [i, { image }] of hardCases.entries()) {
    const decoded = await decodeImage(Buffer.from(addresses[i]!.split(',')[1]!, 'base64'));
    expect({ ...decoded, data: new Uint8Array(decoded.data) }).toEqual(image);
  }
});

describe('the file', () => {
  test('appears whole, and replaces an older one', async () => {
    const path = join(folder, 'report.html');
    await writeReport(path, withTexts(sampleReport(), 'older'));
    await writeReport(path, sampleReport());
    expect(await readFile(path, 'utf8')).toBe(renderReport(sampleReport()));
    expect(await readdir(folder)).toEqual(['report.html']);
  });

  test('leaves nothing behind where it cannot be written', async () => {
    const before = await readdir(folder);
    await expect(writeReport(join(folder, 'missing', 'report.html'), sampleReport())).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual(before);
  });

  test('refuses pictures and maps that it cannot draw', async () => {
    const [hardCase] = sampleReport().hardCases!;
    const path = join(folder, 'refused.html');
    for (const image of [
      { data: new Uint8Array(4), width: 2, height: 2 },
      { data: new Uint8Array(0), width: 0, height: 2 },
    ]) {
      await expect(writeReport(path, { ...sampleReport(), hardCases: [{ ...hardCase!, image }] })).rejects.toThrow(ShapeError);
    }
    const [map] = sampleReport().alignmentMaps!;
    const oblong = { ...map!, words: [{ word: 'a', weights: new Float32Array(6) }] };
    await expect(writeReport(path, { ...sampleReport(), alignmentMaps: [oblong] })).rejects.toThrow(
      'square grid of patches, got 6 weights',
    );
  });
});

interface Element {
  readonly name: string;
  readonly attributes: Record<string, string>;
}

/** All elements of a page in order; throws where the page is not well-formed XML. */
function elements(page: string): Element[] {
  const found: Element[] = [];
  const open: string[] = [];
  let at = page.startsWith('<!doctype html>\n') ? 16 : 0;
  const fail = (what: string) => new Error(`${what} at ${at}: ${page.slice(at, at + 80)}`);
  while (at < page.length) {
    const text = /^[^<]*/.exec(page.slice(at, at + 100_000))![0];
    if (/&(?!(amp|lt|gt|quot|#39);)/.test(text)) throw fail('bare ampersand');
    if (/[\u0000-\u0008\ufffe\uffff]|\p{Surrogate}/u.test(text)) throw fail('a character that XML lacks');
    at += text.length;
    if (at === page.length) break;
    const tag = /^<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z-]+="[^"<]*")*)\s*(\/?)>/i.exec(page.slice(at));
    if (!tag) throw fail('no tag');
    const [whole, closing, name, list, empty] = tag as unknown as [string, string, string, string, string];
    if (closing && open.pop() !== name) throw fail(`</${name}> closes nothing`);
    if (!closing) {
      if (!empty) open.push(name);
      found.push({
        name,
        attributes: Object.fromEntries([...list.matchAll(/([a-zA-Z-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
      });
    }
    at += whole.length;
  }
  if (open.length > 0) throw new Error(`never closed: ${open}`);
  return found;
}
