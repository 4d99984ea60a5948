"""The API as it is served, with little patience: `python impatient_server.py IDLE WRITE` (seconds).

Run in a process of its own: pytest's must never be made green.
"""

import sys

from splitflap_api.server import client_socket
from splitflap_api.server.application import ApiApplication
from splitflap_api.settings import ApiSettings
from splitflap_core.runtime import boot

client_socket.IDLE, client_socket.WRITE_TIMEOUT = map(float, sys.argv[1:])
ApiApplication(boot("api", ApiSettings)).run()
