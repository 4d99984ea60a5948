/** The texts of a demonstration load, like those of `splitflap load`. */

/** @typedef {'plain' | 'heavy' | 'links' | 'mix'} LoadKind */

/** Sections of a heavy text: about 24 KB. */
const SECTIONS = 60;

/** Links in a text of the kind `links`. */
const LINKS = 4;

/** One round of the mix: mostly plain, as people write. */
const MIX = /** @type {const} */ (['plain', 'links', 'plain', 'heavy', 'plain', 'links']);

/** @type {Record<LoadKind, string>} */
export const KINDS = {
  plain: 'Short texts. They take a renderer a few milliseconds.',
  heavy: 'Texts of 24 KB with tables and code. They keep the renderers busy.',
  links: `Texts with ${LINKS} links to this service’s own page. They keep the scrapers busy.`,
  mix: 'Three plain texts, two with links and a heavy one, again and again.',
};

/**
 * The text of one post.
 * @param {LoadKind} kind
 * @param {string} token Unique, so that no preview is known yet.
 * @param {number} number Counts from 0.
 * @param {string} origin Of the page that the links lead to.
 */
export function textOf(kind, token, number, origin) {
  const name = `${token}-${number}`;
  switch (kind === 'mix' ? MIX[number % MIX.length] : kind) {
    case 'heavy':
      return `post ${name} of a load\n\n${Array.from({ length: SECTIONS }, section).join('')}`;
    case 'links': {
      const pages = Array.from({ length: LINKS }, (_, n) => `${origin}/about?n=${name}-${n}`);
      return `post ${name} of a load: ${pages.join(' ')}`;
    }
    default:
      return `post ${name} of a **load**, with *little* to do`;
  }
}

/**
 * @param {unknown} _
 * @param {number} n
 */
function section(_, n) {
  return `## ${n}. A chapter

| what | how *much* | where |
| --- | ---: | :---: |
| \`one\` | **${n}** | [here](#a) |
| two | ~~${n}~~ | there |

1. first
    - *nested* with \`code\`
        - **deeper** [^${n}]
2. second

\`\`\`python
def chapter(number: int = ${n}) -> str:
    return f"{number}: {'text' * number}"
\`\`\`

> A quotation with *emphasis*, **weight** and \`code\`.

[^${n}]: a note

`;
}
