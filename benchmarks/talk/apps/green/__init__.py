"""A server on eventlet or gevent, and applications that suit green threads or break on them."""
