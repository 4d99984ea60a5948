// A post, its task and a render through the types of openapi-typescript and openapi-fetch.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./splitflap.js";

type Schemas = components["schemas"];

const client = createClient<paths>({
  baseUrl: process.env.SPLITFLAP_URL,
  headers: { Authorization: `Bearer ${process.env.SPLITFLAP_KEY}` },
});

async function finalResponse(task: Schemas["RunningTask"]) {
  for (;;) {
    const { data, error } = await client.GET("/v1/tasks/{task_id}", {
      params: { path: { task_id: task.id }, header: { Prefer: "wait=10" } },
    });
    assert(data, error?.detail);
    if (data.kind !== "task") return data;
  }
}

async function postAndReadIt() {
  const accepted = await client.POST("/v1/posts", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { text: "**Hello**", channel: "openapi-typescript" },
  });
  assert(accepted.data?.kind === "task", accepted.error?.detail);
  assert.equal(accepted.response.headers.get("Location"), `/v1/tasks/${accepted.data.id}`);
  const post = await finalResponse(accepted.data);
  assert(post.kind === "post");
  assert.equal(post.state, "complete");
  assert.match(post.html ?? "", /<strong>Hello<\/strong>/);
  const read = await client.GET("/v1/posts/{post_id}", { params: { path: { post_id: post.id } } });
  assert.deepEqual(read.data, post);
}

async function render() {
  const accepted = await client.POST("/v1/renders", { body: { text: "*hi*" } });
  assert(accepted.data?.kind === "task", accepted.error?.detail);
  const rendered = await finalResponse(accepted.data);
  assert(rendered.kind === "render");
  assert.match(rendered.html, /<em>hi<\/em>/);
}

async function readAProblem() {
  const { error } = await client.GET("/v1/posts/{post_id}", {
    params: { path: { post_id: randomUUID() } },
  });
  assert.equal(error?.type, "/v1/problems/not-found");
}

function compilePatterns(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  return Object.entries(node).reduce((found, [name, child]) => {
    if (name !== "pattern" || typeof child !== "string") return found + compilePatterns(child);
    new RegExp(child, "u");
    return found + 1;
  }, 0);
}

await postAndReadIt();
await render();
await readAProblem();
assert(compilePatterns(JSON.parse(readFileSync("openapi.json", "utf8"))) >= 5);
