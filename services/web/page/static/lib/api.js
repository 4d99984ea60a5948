/** Requests to the API: JSON, problems (RFC 9457), and waits after 429 and 503. */
import { session } from './session.js';

/**
 * @typedef {object} Options
 * @property {unknown} [body] sent as JSON
 * @property {AbortSignal} [signal]
 * @property {number} [wait] seconds to wait for the final response (Prefer: wait)
 * @property {string} [idempotencyKey]
 * @property {string} [ifMatch]
 * @property {string} [priority]
 * @property {boolean} [patient] wait Retry-After seconds after 429 and 503, and try again
 */

/**
 * @template T
 * @typedef {object} Reply
 * @property {number} status
 * @property {T} body null without a body
 * @property {string | null} etag
 * @property {string | null} location
 */

/** An error of the API, or of a proxy before it. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{type?: string, title?: string, detail?: string, reason?: string,
   *   errors?: {field: string, message: string}[]}} body
   * @param {number | null} retryAfter seconds
   */
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `The server answered ${status}.`);
    this.name = 'Problem';
    this.status = status;
    /** The last part of the type, such as `rate-limited`. */
    this.kind = (body.type ?? '').split('/').pop() ?? '';
    this.title = body.title ?? '';
    this.reason = body.reason ?? null;
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get isTemporary() {
    return this.status === 429 || this.status === 408 || this.status >= 500;
  }

  /**
   * The message about a field, if the problem has one.
   * @param {string} field
   */
  of(field) {
    return this.errors.find((error) => error.field === field)?.message ?? null;
  }
}

/** No response: the network, the server or a proxy is away. */
export class Unreachable extends Error {
  constructor() {
    super('The server cannot be reached.');
    this.name = 'Unreachable';
  }
}

/**
 * Tells the page about waits: `busy` events with `detail.seconds`, 0 when a wait has ended.
 */
export const pace = new EventTarget();

/** @param {number} seconds */
function announce(seconds) {
  pace.dispatchEvent(new CustomEvent('busy', { detail: { seconds } }));
}

/**
 * Sends a request to `/v1` and returns its successful response.
 * @template T
 * @param {string} method
 * @param {string} path such as `/posts`
 * @param {Options} [options]
 * @returns {Promise<Reply<T>>}
 * @throws {Problem} for status 400 and above; 401 also ends the session
 * @throws {Unreachable}
 */
export async function call(method, path, options = {}) {
  for (;;) {
    try {
      return await once(method, path, options);
    } catch (error) {
      if (!options.patient || !(error instanceof Problem) || !error.retryAfter) throw error;
      announce(error.retryAfter);
      await pause(error.retryAfter * 1000, options.signal);
      announce(0);
    }
  }
}

/**
 * @template T
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Reply<T>>}
 */
export function get(path, options = {}) {
  return call('GET', path, { patient: true, ...options });
}

/**
 * @template T
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 * @returns {Promise<Reply<T>>}
 */
async function once(method, path, options) {
  const headers = new Headers(session.headers());
  if (options.body !== undefined) headers.set('Content-Type', 'application/json');
  if (options.wait) headers.set('Prefer', `wait=${options.wait}`);
  if (options.idempotencyKey) headers.set('Idempotency-Key', `"${options.idempotencyKey}"`);
  if (options.ifMatch) headers.set('If-Match', options.ifMatch);
  if (options.priority) headers.set('Priority', options.priority);
  /** @type {Response} */
  let response;
  let text;
  try {
    response = await fetch(`/v1${path}`, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
    });
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreachable();
  }
  const body = parse(text);
  if (!response.ok) {
    if (response.status === 401) void session.refused();
    throw new Problem(response.status, body ?? {}, seconds(response.headers));
  }
  return {
    status: response.status,
    body,
    etag: response.headers.get('ETag'),
    location: response.headers.get('Location'),
  };
}

/** @param {string} text */
function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** @param {Headers} headers */
function seconds(headers) {
  const value = Number(headers.get('Retry-After'));
  return Number.isFinite(value) && value > 0 ? Math.min(value, 300) : null;
}

/**
 * @param {number} ms
 * @param {AbortSignal} [signal] ends the pause with its reason
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason);
      },
      { once: true },
    );
  });
}

/** A new idempotency key. `crypto.randomUUID` needs https, and the page may be served without. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
