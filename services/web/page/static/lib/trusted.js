/**
 * The page's policy of Trusted Types. A Content-Security-Policy with `require-trusted-types-for
 * 'script'; trusted-types lit-html splitflap` lets no other code put HTML or workers into the page.
 */

/**
 * @typedef {object} Rules
 * @property {(html: string) => string} createHTML
 * @property {(url: string) => string} createScriptURL
 */

/** @type {Rules} */
const rules = {
  // From the API only, which has sanitised it by an allow-list (docs/html.md).
  createHTML: (html) => html,
  createScriptURL: (url) => {
    if (new URL(url).origin !== location.origin) throw new TypeError(`foreign script: ${url}`);
    return url;
  },
};

/** @type {Rules} */
export const trusted =
  /** @type {any} */ (globalThis).trustedTypes?.createPolicy('splitflap', rules) ?? rules;
