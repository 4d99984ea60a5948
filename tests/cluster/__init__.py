"""Tests of the chart on the cluster of KUBECONFIG. `make cluster-test` finds a cluster."""
