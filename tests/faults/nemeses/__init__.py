"""The nemeses. A nemesis is a small class that causes one kind of fault, and repairs it."""
