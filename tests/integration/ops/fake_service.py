"""A fake service: a real process with a health port, which logs its events.

    fake_service.py NAME [--api] [--exit STATUS] [--until-exists FILE] [--deaf] [--slow-stop S]
                         [--not-ready TEXT] [--child] [--say TEXT] [--realm NAME]
                         [--show-environment]

It appends lines `NAME EVENT PID` to the file in FAKE_LOG. The events are started, SIGTERM, SIGINT,
ended, child, key, and has-VARIABLE for each variable.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

#: Program of the child: it ignores SIGTERM and runs until SIGKILL.
CHILD = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"


def note(name: str, event: str, pid: int) -> None:
    """Log an event in one write, so lines of several processes stay whole."""
    with Path(os.environ["FAKE_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{name} {event} {pid}\n")


def serve(name: str, port: str, complaint: str | None, realm: str = "") -> None:
    """Answer every GET. If there is a reason not to be ready, the status is 503.

    With a realm, each request needs a key. A key for another realm than Splitflap's is an event.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.headers["Authorization"] or ""
            refused = realm and key in {"", "Bearer sf_revoked_long_ago"}
            self.send_response(503 if complaint else 401 if refused else 200)
            if refused:
                self.send_header("WWW-Authenticate", f'Bearer realm="{realm}"')
            if key and realm != "splitflap":
                note(name, "key", os.getpid())
            self.end_headers()
            self.wfile.write((complaint or "ok").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def arguments() -> argparse.Namespace:
    """The arguments in the Procfile."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--api", action="store_true")
    parser.add_argument("--exit", type=int)
    parser.add_argument("--until-exists", type=Path)
    parser.add_argument("--deaf", action="store_true")
    parser.add_argument("--slow-stop", type=float, default=0.0)
    parser.add_argument("--not-ready")
    parser.add_argument("--child", action="store_true")
    parser.add_argument("--say")
    parser.add_argument("--realm", default="splitflap")
    parser.add_argument("--show-environment", action="store_true")
    return parser.parse_args()


def report(args: argparse.Namespace) -> None:
    """Write what the arguments ask for."""
    if args.show_environment:
        for variable in os.environ:
            note(args.name, f"has-{variable}", os.getpid())
    if args.say:
        sys.stderr.write(f"{args.say}\n")


def main() -> None:
    """Run until SIGTERM, or as the arguments say."""
    args = arguments()
    stop = threading.Event()

    def heard(number: int, _: object) -> None:
        note(args.name, signal.Signals(number).name, os.getpid())
        if not args.deaf:
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heard)
    note(args.name, "started", os.getpid())
    report(args)
    if args.exit is not None and not (args.until_exists and args.until_exists.exists()):
        sys.exit(args.exit)
    if args.child:
        note(args.name, "child", subprocess.Popen([sys.executable, "-c", CHILD]).pid)
    serve(args.name, os.environ["SPLITFLAP_HEALTH_PORT"], args.not_ready)
    if args.api:
        serve(args.name, os.environ["SPLITFLAP_PORT"], None, args.realm)
    while not stop.wait(0.5):
        pass
    time.sleep(args.slow_stop)
    note(args.name, "ended", os.getpid())


if __name__ == "__main__":
    main()
