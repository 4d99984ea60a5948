"""`make publish`: images, chart, SBOMs, signatures and provenance in a registry."""
