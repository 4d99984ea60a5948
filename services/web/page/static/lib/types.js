/**
 * What the API sends, as far as the pages read it. `/v1/openapi.json` has all of it.
 *
 * @typedef {object} Preview
 * @property {string} url
 * @property {'pending' | 'ready' | 'failed'} state
 * @property {string | null} reason
 * @property {string | null} title
 * @property {string | null} description
 * @property {string | null} image
 * @property {number | null} image_width
 * @property {number | null} image_height
 * @property {string | null} image_alt
 * @property {'summary' | 'large' | null} card
 * @property {string | null} site_name
 * @property {string | null} icon
 * @property {string | null} author
 * @property {string | null} published_at
 * @property {string | null} language
 * @property {string | null} type
 * @property {boolean | null} sensitive
 * @property {string | null} price
 * @property {string | null} currency
 * @property {string | null} availability
 * @property {number | null} file_size
 *
 * @typedef {object} Post
 * @property {string} id
 * @property {string} channel
 * @property {string} author
 * @property {string} text
 * @property {string | null} html
 * @property {'accepted' | 'rendered' | 'complete' | 'failed'} state
 * @property {number} revision
 * @property {{url: string, preview: Preview}[]} links
 * @property {string} created_at
 * @property {string} updated_at
 * @property {'markdown' | 'gfm'} flavour
 * @property {string[]} mentions
 * @property {string[]} channels
 *
 * @typedef {object} PostList
 * @property {Post[]} items
 * @property {string | null} next
 *
 * @typedef {object} Render
 * @property {'render'} kind
 * @property {string} html
 * @property {string[]} mentions
 * @property {string[]} channels
 *
 * @typedef {object} Task
 * @property {'task'} kind
 * @property {string} id
 */
export {};
