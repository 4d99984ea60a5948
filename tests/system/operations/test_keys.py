"""An operator cannot lose the last key by accident, and comes back in without one."""

from tests.support import wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.client import Client
from tests.system.rig.stack import Stack


def bootstrap_id(client: Client) -> str:
    """The id of the first key, which is the oldest."""
    found: str = client.get("/v1/keys?limit=100").json()["items"][-1]["id"]
    return found


def new_admin_key(stack: Stack) -> str:
    """The key that `splitflap-api admin-key` prints, alone on standard output."""
    made = stack.run("splitflap-api", "admin-key")
    assert made.returncode == 0, made.stderr
    (key,) = made.stdout.split()
    return key


def test_the_last_admin_key_is_not_revoked_by_accident(make_stack: MakeStack) -> None:
    """409 has the ways to go on. With ?force=true the key is revoked: nobody can come in."""
    stack = make_stack("embedded", workers=())
    client = stack.client()
    client.new_key("somebody", "read", "write")
    path = f"/v1/keys/{bootstrap_id(client)}"
    refused = client.delete(path)
    assert refused.status_code == 409
    assert "?force=true" in refused.json()["detail"]
    assert "splitflap-api admin-key" in refused.json()["detail"]
    assert client.get("/v1/keys").status_code == 200
    assert client.delete(f"{path}?force=true").status_code == 204
    wait_until(lambda: client.get("/v1/keys").status_code == 401, "the refusal of the key", 15)
    back_in = Client(stack.url(), new_admin_key(stack))
    assert back_in.get("/v1/keys").status_code == 200


def test_a_new_bootstrap_key_is_a_way_back_in(make_stack: MakeStack) -> None:
    """Also after the old one was revoked: the API creates a key that it does not know."""
    stack = make_stack("embedded", workers=())
    path = f"/v1/keys/{bootstrap_id(stack.client())}?force=true"
    assert stack.client().delete(path).status_code == 204
    api = stack.services["api"]
    api.close()
    api.environ["SPLITFLAP_BOOTSTRAP_KEY"] = "another-key-with-every-scope"
    stack.start("api")
    assert stack.client(key=None).get("/v1/keys").status_code == 401
    assert stack.client(key="another-key-with-every-scope").get("/v1/keys").status_code == 200


def test_an_admin_key_is_made_beside_a_running_api(stack: Stack, client: Client) -> None:
    """On both databases. Its name tells where it comes from."""
    made = Client(stack.url(), new_admin_key(stack))
    newest = made.get("/v1/keys?limit=1").json()["items"][0]
    assert newest["name"] == "splitflap-api admin-key"
    assert set(newest["scopes"]) == {"read", "write", "observe", "admin"}
    assert client.delete(f"/v1/keys/{newest['id']}").status_code == 204


def test_no_admin_key_is_made_without_a_database(make_stack: MakeStack) -> None:
    """A wrong data folder is an error, and no key of a database that nobody serves."""
    stack = make_stack("embedded", workers=())
    made = stack.run(
        "splitflap-api", "admin-key", SPLITFLAP_DATA_DIR=str(stack.folder / "elsewhere")
    )
    assert made.returncode == 65
    assert "run `splitflap-api migrate`" in made.stderr
    assert made.stdout == ""
