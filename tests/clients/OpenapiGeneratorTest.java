// A post, its task and a render through the client of openapi-generator (Java, library "native").
package splitflap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import splitflap.api.PostsApi;
import splitflap.api.RendersApi;
import splitflap.api.TasksApi;
import splitflap.model.FinalResponseOrTask;
import splitflap.model.PostInput;
import splitflap.model.RenderInput;
import splitflap.model.Post;
import splitflap.model.PostOrTask;
import splitflap.model.ProblemBody;
import splitflap.model.RunningTask;

class OpenapiGeneratorTest {
    private final ApiClient client = newClient();
    private final PostsApi posts = new PostsApi(client);

    private static ApiClient newClient() {
        ApiClient made = new ApiClient();
        made.updateBaseUri(System.getenv("SPLITFLAP_URL"));
        String bearer = "Bearer " + System.getenv("SPLITFLAP_KEY");
        made.setRequestInterceptor(request -> request.header("Authorization", bearer));
        return made;
    }

    @Test
    void aPostIsAcceptedAndRead() throws ApiException {
        PostInput body = new PostInput().text("**Hello**").channel("openapi-generator");
        ApiResponse<PostOrTask> accepted = posts.createPostWithHttpInfo(
                PostsApi.APICreatePostRequest.newBuilder()
                        .postInput(body)
                        .idempotencyKey(UUID.randomUUID().toString())
                        .build());
        assertEquals(202, accepted.getStatusCode());
        RunningTask task = accepted.getData().getRunningTask();
        Post post = finalResponse(task).getPost();
        assertEquals(Post.StateEnum.COMPLETE, post.getState());
        assertTrue(post.getHtml().contains("<strong>Hello</strong>"));
        assertEquals(post, showPost(post.getId()));
    }

    @Test
    void aRenderIsToldFromOtherFinalResponses() throws ApiException {
        RunningTask task = new RendersApi(client)
                .createRender(RendersApi.APICreateRenderRequest.newBuilder()
                        .renderInput(new RenderInput().text("*hi*"))
                        .build())
                .getRunningTask();
        assertTrue(finalResponse(task).getRender().getHtml().contains("<em>hi</em>"));
    }

    @Test
    void aRefusalIsAProblem() throws Exception {
        ApiException refused =
                assertThrows(ApiException.class, () -> showPost(UUID.randomUUID()));
        ProblemBody problem =
                client.getObjectMapper().readValue(refused.getResponseBody(), ProblemBody.class);
        assertEquals("/v1/problems/not-found", problem.getType().toString());
    }

    private Post showPost(UUID id) throws ApiException {
        return posts.showPost(PostsApi.APIShowPostRequest.newBuilder().postId(id).build());
    }

    private FinalResponseOrTask finalResponse(RunningTask task) throws ApiException {
        while (true) {
            FinalResponseOrTask found = new TasksApi(client).showTask(
                    TasksApi.APIShowTaskRequest.newBuilder()
                            .taskId(task.getId())
                            .prefer("wait=10")
                            .build());
            if (!(found.getActualInstance() instanceof RunningTask)) {
                return found;
            }
        }
    }
}
