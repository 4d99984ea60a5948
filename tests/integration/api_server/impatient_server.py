"""The API under gunicorn with short timeouts: `python impatient_server.py IDLE WRITE` (seconds).

It runs in a process of its own, because its worker patches the standard library.
"""

import sys

from splitflap_api.__main__ import new_service
from splitflap_api.server import client_socket
from splitflap_api.server.application import ApiApplication
from splitflap_api.settings import ApiSettings
from splitflap_core.runtime import boot

client_socket.IDLE_TIMEOUT, client_socket.WRITE_TIMEOUT = map(float, sys.argv[1:])
ApiApplication(boot("api", ApiSettings), new_service).run()
