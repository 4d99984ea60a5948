"""`splitflap up`: one launcher runs the three services as its processes."""
