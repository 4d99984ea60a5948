"""A Splitflap on Kubernetes, as its cluster sees it."""
