"""A RabbitMQ node for tests, with its own epmd, apart from other nodes of the machine."""

import json
import re
import secrets
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import free_port, wait_until

from .process import ServerFailed, find_binary, tail
from .server import Server, end, listens

#: Debian's scripts. The wrappers in /usr/sbin insist on one user and one folder.
FOLDERS = (Path("/usr/lib/rabbitmq/bin"), Path("/opt/rabbitmq/sbin"))

#: The share of the machine's memory at which RabbitMQ blocks publishers.
HIGH_WATERMARK = 0.4

CONFIG = """\
listeners.tcp.1 = 127.0.0.1:{port}
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.relative = {watermark}
log.console = true
log.console.level = info
log.file = false
"""

PROMETHEUS = """\
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {port}
"""

#: `{"name", ready, unacked}` of each queue, from the queue itself. The figures of `list_queues`
#: are up to 5 s old for quorum queues.
DEPTHS = """\
[case amqqueue:get_type(Q) of
   rabbit_quorum_queue ->
     Ask = fun(F) -> {{ok, {{_, N}}, _}} = ra:leader_query(amqqueue:get_pid(Q), F), N end,
     Ready = Ask(fun rabbit_fifo:query_messages_ready/1),
     {{binary_to_list(element(4, amqqueue:get_name(Q))),
       Ready, Ask(fun rabbit_fifo:query_messages_total/1) - Ready}};
   _ ->
     [{{_, R}}, {{_, U}}] = rabbit_amqqueue:info(Q, [messages_ready, messages_unacknowledged]),
     {{binary_to_list(element(4, amqqueue:get_name(Q))), R, U}}
 end || Q <- rabbit_amqqueue:list(<<"{vhost}">>)]."""

VHOST = """\
rabbit_vhost:add(<<"{name}">>, <<"guest">>),
rabbit_auth_backend_internal:set_permissions(
  <<"guest">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"guest">>)."""


class Depth(NamedTuple):
    """The messages in a queue."""

    ready: int
    unacked: int


class RabbitMq(Server):
    """One node with its own name, data, cookie and ports. `guest` has all rights."""

    def __init__(self, *plugins: str) -> None:
        """Raises MissingBinary if RabbitMQ is not installed."""
        self._server = find_binary("rabbitmq-server", *FOLDERS)
        self._rabbitmqctl = find_binary("rabbitmqctl", *FOLDERS)
        self._epmd_binary = find_binary("epmd")
        # A hundred times faster than rabbitmqctl, because no Erlang machine starts per call.
        self._erl_call = shutil.which("erl_call")
        super().__init__("rabbitmq")
        self._epmd: subprocess.Popen[bytes] | None = None
        self._epmd_port = str(free_port())
        #: The port of the plugin rabbitmq_prometheus.
        self.metrics_port = free_port()
        self._node = f"splitflap-{self.port}@localhost"
        self._cookie = secrets.token_hex(10)
        self._environ = self._write_configuration(plugins)

    @property
    def url(self) -> str:
        """The URL of the virtual host `/`."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def vhost_url(self, name: str, port: int | None = None) -> str:
        """The URL of a virtual host, on the port of the node or of a proxy."""
        return f"amqp://guest:guest@127.0.0.1:{port or self.port}/{name}"

    def add_vhost(self, name: str) -> str:
        """Create an empty virtual host, and return its URL."""
        self.eval(VHOST.format(name=name))
        return self.vhost_url(name)

    def import_definitions(self, definitions: Mapping[str, Any]) -> None:
        """Import definitions, as `rabbitmqctl import_definitions` does."""
        text = json.dumps(definitions).replace("\\", "\\\\").replace('"', '\\"')
        self.eval(f'rabbit_definitions:import_raw(<<"{text}">>).')

    def delete_vhost(self, name: str) -> None:
        """Delete a virtual host, if it exists."""
        self.eval(f'catch rabbit_vhost:delete(<<"{name}">>, <<"guest">>).')

    def queue_depths(self, vhost: str) -> dict[str, Depth]:
        """The present depth of each queue of a virtual host."""
        listed = self.eval(DEPTHS.format(vhost=vhost))
        found = re.findall(r'\{"([^"]+)",\s*(\d+),\s*(\d+)\}', listed)
        return {name: Depth(int(ready), int(unacked)) for name, ready, unacked in found}

    def wait_for_dead_lettering(self) -> None:
        """Wait until the worker of each queue with at-least-once dead lettering runs.

        A queue that is deleted before ends the dead lettering of all queues (RabbitMQ 3.10).
        """
        self.eval(
            "[sys:get_state(P) || {_, P, _, _} <- supervisor:which_children(rabbit_fifo_dlx_sup)]."
        )

    def set_memory_alarm(self, on: bool) -> None:
        """Begin or end a memory alarm, which blocks all publishing connections."""
        share = 0.0 if on else HIGH_WATERMARK
        self.eval(f"vm_memory_monitor:set_vm_memory_high_watermark({share}).")

    def close_connections(self) -> None:
        """Close the connections of all clients, as an operator may."""
        self.eval(
            '[rabbit_networking:close_connection(P, "test") || '
            "P <- rabbit_networking:connections()]."
        )

    def stop_app(self) -> None:
        """Stop the broker, but not its Erlang machine (rabbitmqctl stop_app)."""
        self.eval("rabbit:stop().")

    def start_app(self) -> None:
        """Start the broker again after `stop_app`."""
        self.eval("rabbit:start().")
        wait_until(self._is_ready, lambda: f"RabbitMQ's start\n{tail(self.log)}")

    def eval(self, expression: str) -> str:
        """Evaluate an Erlang expression, ended by a full stop, in the node.

        Raises:
            ServerFailed: the expression failed, or the node does not answer.
        """
        if self._erl_call:
            call = [self._erl_call, "-n", self._node, "-c", self._cookie, "-e"]
            answer = self._home.run(call, self._environ, stdin=f"{expression}\n")
        else:
            call = [self._rabbitmqctl, "-n", self._node, "eval", expression]
            answer = self._home.run(call, self._environ)
        if answer.startswith("{error"):
            raise ServerFailed(f"{expression}\n{answer}\n{tail(self.log)}")
        return answer

    def close(self) -> None:
        super().close()
        if self._epmd:
            end(self._epmd, *self.END)

    def _launch(self) -> subprocess.Popen[bytes]:
        if self._epmd is None:
            command = [self._epmd_binary, "-address", "127.0.0.1", "-port", self._epmd_port]
            self._epmd = self._home.start(command, self.log)
            wait_until(lambda: listens(int(self._epmd_port)), "epmd")
        return self._home.start([self._server], self.log, self._environ)

    def _is_ready(self) -> bool:
        # The broker opens its listeners last.
        return listens(self.port)

    def _write_configuration(self, plugins: Sequence[str]) -> dict[str, str]:
        configuration = CONFIG.format(port=self.port, watermark=HIGH_WATERMARK)
        if "rabbitmq_prometheus" in plugins:
            configuration += PROMETHEUS.format(port=self.metrics_port)
        config = self._home.write("rabbitmq.conf", configuration)
        enabled = self._home.write("enabled_plugins", f"[{','.join(plugins)}].\n")
        self._home.write(".erlang.cookie", self._cookie, 0o400)
        return {
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": self._epmd_port,
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(config),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(enabled),
            "RABBITMQ_LOG_BASE": str(self._home.mkdir("logs")),
            "RABBITMQ_MNESIA_BASE": str(self._home.mkdir("mnesia")),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_PID_FILE": str(self._home.folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false "
            "-kernel inet_dist_use_interface {127,0,0,1}",
            **self._fewer_plugins(plugins),
            # This makes the script become the Erlang machine, instead of waiting for it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _fewer_plugins(self, plugins: Sequence[str]) -> dict[str, str]:
        """Hide most plugins: a start reads all their code, and takes 2/3 of the time without."""
        beside = Path(self._server).resolve().parent.parent
        installed = max(beside.glob("lib/rabbitmq_server-*/plugins"), default=beside / "plugins")
        if plugins or not installed.is_dir():
            return {}
        folder = self._home.mkdir("plugins")
        for library in installed.iterdir():
            if not library.name.startswith("rabbitmq_") or "_prelaunch" in library.name:
                (folder / library.name).symlink_to(library)
        return {"RABBITMQ_PLUGINS_DIR": str(folder)}
