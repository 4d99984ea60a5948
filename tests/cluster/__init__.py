"""The chart on a real cluster: the one that KUBECONFIG names. `make cluster-test` finds one."""
