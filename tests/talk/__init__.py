"""The experiments of benchmarks/talk, on real servers, in seconds each. No test asserts a time."""
