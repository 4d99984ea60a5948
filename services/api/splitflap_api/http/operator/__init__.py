"""HTTP for operators: keys, dead letters, the status and its history, the audit."""
