"""The models of the conformance suite, one file each; `table` registers them.

Nothing is imported here: an answer of the matrix depends on the files of its own model alone.
"""
