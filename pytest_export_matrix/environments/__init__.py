"""What exporters and runtimes work in: an interpreter and its packages."""
