"""The environments that exporters and runtimes work in: for each, an interpreter and its packages."""
