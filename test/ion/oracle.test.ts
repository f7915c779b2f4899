import { expect, test } from 'vitest';
import { campaign } from '../oracle/campaign.js';
import { readTable } from '../oracle/table.js';
import { variants } from '../oracle/variants.js';
import { describeReal } from '../support/real.js';

/** Some of each kind; `npm run oracle` tries all. */
const STEP = 12;

describeReal(['ion'], 'descriptions and candidates, at a bare Ion and through the relay', () => {
  test('some of each kind, and what every client sends, become of what docs/SDP.md says', async () => {
    const table = await readTable();
    const corpus = variants();
    const chosen = corpus.filter(({ name }, index) => name === 'as it is' || index % STEP === 0);
    const rows = await campaign({ chosen });
    const found = rows.map(({ variant: { client, name }, bare, relay }) => ({ client, name, bare, relay }));
    const said = chosen.map((variant) => {
      const { client, name, bare, relay } = table[corpus.indexOf(variant)] ?? {};
      return { client, name, bare, relay };
    });
    expect(found).toEqual(said);
  }, 120_000);
});
