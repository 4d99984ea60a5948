"""Programs that others wrote, over every mode of the chart and every file of k8s/examples."""
