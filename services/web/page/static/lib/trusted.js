/**
 * The page's policy of Trusted Types. By the Content-Security-Policy (splitflap_web/headers.py), no
 * other code puts HTML or workers into the page, but Lit's templates.
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
