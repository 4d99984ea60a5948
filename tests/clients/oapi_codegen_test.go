// A post, its task and a render through the client of oapi-codegen.
package splitflap

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
)

func newClient(t *testing.T) *ClientWithResponses {
	t.Helper()
	authorise := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+os.Getenv("SPLITFLAP_KEY"))
		return nil
	}
	client, err := NewClientWithResponses(os.Getenv("SPLITFLAP_URL"), WithRequestEditorFn(authorise))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func pointer(text string) *string { return &text }

func TestPostIsAcceptedAndRead(t *testing.T) {
	client, ctx := newClient(t), context.Background()
	body := PostInput{Text: "**Hello**", Channel: pointer("oapi-codegen")}
	params := &CreatePostParams{IdempotencyKey: pointer(uuid.NewString())}
	accepted, err := client.CreatePostWithResponse(ctx, params, body)
	if err != nil || accepted.JSON202 == nil {
		t.Fatalf("expected 202, got %s: %s %v", accepted.Status(), accepted.Body, err)
	}
	task := accepted.JSON202
	if accepted.Headers202.Location != "/v1/tasks/"+task.Id.String() {
		t.Errorf("unexpected Location: %s", accepted.Headers202.Location)
	}
	done := finalResponse(t, client, task)
	if done.JSON201 == nil {
		t.Fatalf("expected 201, got %s: %s", done.Status(), done.Body)
	}
	post := done.JSON201
	if post.State != PostStateComplete || post.Html == nil || post.CreatedAt.IsZero() {
		t.Errorf("unexpected post: %+v", post)
	}
	read, err := client.ShowPostWithResponse(ctx, post.Id, nil)
	if err != nil || read.JSON200 == nil || read.Headers200.ETag == nil {
		t.Fatalf("expected 200 with an ETag, got %s: %s %v", read.Status(), read.Body, err)
	}
	if !strings.Contains(*read.JSON200.Html, "<strong>Hello</strong>") {
		t.Errorf("unexpected HTML: %s", *read.JSON200.Html)
	}
}

func TestRenderIsToldFromOtherFinalResponses(t *testing.T) {
	client := newClient(t)
	accepted, err := client.CreateRenderWithResponse(context.Background(), nil, RenderInput{Text: "*hi*"})
	if err != nil || accepted.JSON202 == nil {
		t.Fatalf("expected 202, got %s: %s %v", accepted.Status(), accepted.Body, err)
	}
	value, err := finalResponse(t, client, accepted.JSON202).JSON200.ValueByDiscriminator()
	if err != nil {
		t.Fatal(err)
	}
	if render, ok := value.(Render); !ok || !strings.Contains(render.Html, "<em>hi</em>") {
		t.Errorf("unexpected final response: %+v", value)
	}
}

func TestRefusalIsAProblem(t *testing.T) {
	response, err := newClient(t).ShowPostWithResponse(context.Background(), uuid.New(), nil)
	if err != nil || response.ApplicationproblemJSON404 == nil {
		t.Fatalf("expected a problem, got %s: %s %v", response.Status(), response.Body, err)
	}
	if response.ApplicationproblemJSON404.Type != "/v1/problems/not-found" {
		t.Errorf("unexpected problem: %+v", response.ApplicationproblemJSON404)
	}
}

func TestGoCompilesEveryPattern(t *testing.T) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if found := compilePatterns(t, document); found < 5 {
		t.Errorf("expected some patterns, found %d", found)
	}
}

func finalResponse(t *testing.T, client *ClientWithResponses, task *RunningTask) *ShowTaskResponse {
	t.Helper()
	params := &ShowTaskParams{Prefer: pointer("wait=10")}
	for {
		response, err := client.ShowTaskWithResponse(context.Background(), task.Id, params)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode() != http.StatusAccepted {
			return response
		}
	}
}

func compilePatterns(t *testing.T, node any) int {
	found := 0
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			found += compilePatterns(t, child)
		}
	case map[string]any:
		for name, child := range node {
			if pattern, ok := child.(string); ok && name == "pattern" {
				found++
				if _, err := regexp.Compile(pattern); err != nil {
					t.Error(err)
				}
			}
			found += compilePatterns(t, child)
		}
	}
	return found
}
