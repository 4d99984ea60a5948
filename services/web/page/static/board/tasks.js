/** Posts are made by tasks. The stream tells which post a task makes; if it is silent, the task does. */
import { call, get, Problem, pause } from '../lib/api.js';

/** Stands for a task that had ended when it was sent again: the id of its post follows. */
const SETTLED = 'post:';

/** Milliseconds between two questions about a task. */
const PAUSE = 2000;

/** Tasks whose posts the stream has named lately. */
const MAX_TASKS = 500;

/** The posts of tasks. */
export class Tasks {
  /** @type {Map<string, string>} posts by task */
  #posts = new Map();
  /** @type {Map<string, ((post: string) => void)[]>} */
  #awaited = new Map();

  /**
   * The stream has named the post of a task.
   * @param {string} task
   * @param {string} post
   */
  learn(task, post) {
    this.#posts.set(task, post);
    for (const tell of this.#awaited.get(task) ?? []) tell(post);
    this.#awaited.delete(task);
    if (this.#posts.size > MAX_TASKS) {
      const [oldest] = this.#posts.keys();
      if (oldest) this.#posts.delete(oldest);
    }
  }

  /**
   * The id of the post of a task: from the stream, else from the task.
   * @param {string} task
   * @returns {Promise<string | null>}
   */
  async post(task) {
    if (task.startsWith(SETTLED)) return task.slice(SETTLED.length);
    return this.#posts.get(task) ?? Promise.race([this.#told(task), this.#asked(task)]);
  }

  /**
   * @param {string} task
   * @returns {Promise<string>}
   */
  #told(task) {
    return new Promise((resolve) => {
      this.#awaited.set(task, [...(this.#awaited.get(task) ?? []), resolve]);
    });
  }

  /**
   * @param {string} task
   * @returns {Promise<string | null>}
   */
  async #asked(task) {
    for (;;) {
      await pause(PAUSE);
      if (this.#posts.has(task)) return this.#posts.get(task) ?? null;
      try {
        /** @type {import('../lib/api.js').Reply<{id: string}>} */
        const { status, body } = await get(`/tasks/${task}`, { wait: 10 });
        if (status !== 202) return body.id;
      } catch (error) {
        // 410, 404 or 422: the task has ended, and the list shows what came of it.
        if (error instanceof Problem && !error.isTemporary && error.status !== 401) return null;
      }
    }
  }
}

/**
 * Sends a post on its way.
 * @param {import('./outbox.js').Item} item
 * @returns {Promise<string>} the task
 */
export async function send({ key, input }) {
  /** @type {import('../lib/api.js').Reply<{id: string}>} */
  const { body, location } = await call('POST', '/posts', { body: input, idempotencyKey: key });
  // A repeated send may get the final response, which is the post and names no task.
  return location?.startsWith('/v1/tasks/') ? (location.split('/').pop() ?? '') : SETTLED + body.id;
}
