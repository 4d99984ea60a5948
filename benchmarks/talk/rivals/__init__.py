"""The task queues that `split` compares Splitflap with, configured as their users would."""
