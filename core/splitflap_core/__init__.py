"""The code shared by the three services. It imports none of them, and never eventlet."""
