"""`splitflap up`: the three services as processes of one launcher."""
