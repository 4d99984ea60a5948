"""The status of a release on Kubernetes, read from its cluster."""
