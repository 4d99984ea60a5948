"""What the three services share. Knows none of them, and never imports eventlet."""
