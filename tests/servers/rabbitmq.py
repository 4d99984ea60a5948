"""A RabbitMQ node of one's own, with its own epmd, so that no other node is disturbed."""

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

#: Debian puts the scripts here; those in /usr/sbin wrap them and insist on one user and folder.
FOLDERS = (Path("/usr/lib/rabbitmq/bin"), Path("/opt/rabbitmq/sbin"))

#: Memory that RabbitMQ may take before it blocks publishers, as a share of the machine's.
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

#: `{"name", ready, unacked}` of each queue, asked of the queues themselves: the figures of
#: `list_queues` are up to 5 s old for quorum queues.
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
    """Messages in a queue."""

    ready: int
    unacked: int


class RabbitMq(Server):
    """One node with its own name, data, cookie and ports. `guest` may do everything."""

    def __init__(self, *plugins: str) -> None:
        """Raises MissingBinary where RabbitMQ is not installed."""
        self._server = find_binary("rabbitmq-server", *FOLDERS)
        self._rabbitmqctl = find_binary("rabbitmqctl", *FOLDERS)
        self._epmd_binary = find_binary("epmd")
        # A hundred times faster than rabbitmqctl, which starts an Erlang machine for each call.
        self._erl_call = shutil.which("erl_call")
        super().__init__("rabbitmq")
        self._epmd: subprocess.Popen[bytes] | None = None
        self._epmd_port = str(free_port())
        #: Of the plugin rabbitmq_prometheus.
        self.metrics_port = free_port()
        self._node = f"splitflap-{self.port}@localhost"
        self._cookie = secrets.token_hex(10)
        self._environ = self._write_configuration(plugins)

    @property
    def url(self) -> str:
        """The URL of the vhost `/`."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def vhost_url(self, name: str, port: int | None = None) -> str:
        """The URL of a vhost, through a proxy's port if one is given."""
        return f"amqp://guest:guest@127.0.0.1:{port or self.port}/{name}"

    def add_vhost(self, name: str) -> str:
        """A new vhost, with nothing in it; returns its URL."""
        self.eval(VHOST.format(name=name))
        return self.vhost_url(name)

    def import_definitions(self, definitions: Mapping[str, Any]) -> None:
        """What `rabbitmqctl import_definitions` does with a file of this content."""
        text = json.dumps(definitions).replace("\\", "\\\\").replace('"', '\\"')
        self.eval(f'rabbit_definitions:import_raw(<<"{text}">>).')

    def delete_vhost(self, name: str) -> None:
        """Delete a vhost with all that is in it, if there is one."""
        self.eval(f'catch rabbit_vhost:delete(<<"{name}">>, <<"guest">>).')

    def queue_depths(self, vhost: str) -> dict[str, Depth]:
        """What lies in each queue of a vhost, now."""
        told = self.eval(DEPTHS.format(vhost=vhost))
        found = re.findall(r'\{"([^"]+)",\s*(\d+),\s*(\d+)\}', told)
        return {name: Depth(int(ready), int(unacked)) for name, ready, unacked in found}

    def set_memory_alarm(self, on: bool) -> None:
        """Block all connections that publish, as if memory had run short; or end that."""
        share = 0.0 if on else HIGH_WATERMARK
        self.eval(f"vm_memory_monitor:set_vm_memory_high_watermark({share}).")

    def close_connections(self) -> None:
        """Close every client's connection, as an operator may; they can connect again."""
        self.eval(
            '[rabbit_networking:close_connection(P, "test") || '
            "P <- rabbit_networking:connections()]."
        )

    def stop_app(self) -> None:
        """Stop the broker; the Erlang machine goes on (rabbitmqctl stop_app)."""
        self.eval("rabbit:stop().")

    def start_app(self) -> None:
        """Start the broker again after `stop_app`."""
        self.eval("rabbit:start().")
        wait_until(self._is_ready, lambda: f"RabbitMQ's start\n{tail(self.log)}")

    def eval(self, expression: str) -> str:
        """What an Erlang expression, ended by a full stop, comes to in the node.

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
        # Listeners are opened last, once the broker can be used.
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
            # The script then becomes the Erlang machine, instead of a shell that waits for it.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _fewer_plugins(self, plugins: Sequence[str]) -> dict[str, str]:
        """A start reads the code of every plugin there is; without most of them it takes 2/3."""
        beside = Path(self._server).resolve().parent.parent
        installed = max(beside.glob("lib/rabbitmq_server-*/plugins"), default=beside / "plugins")
        if plugins or not installed.is_dir():
            return {}
        folder = self._home.mkdir("plugins")
        for library in installed.iterdir():
            if not library.name.startswith("rabbitmq_") or "_prelaunch" in library.name:
                (folder / library.name).symlink_to(library)
        return {"RABBITMQ_PLUGINS_DIR": str(folder)}
