"""Fakes named by behaviour, and the projects that they are put into.

`cast/` holds real models, exporters and runtimes, each tiny and each with one known way to go
right or wrong. Its files are copied into the root of a project: a project imports them, the tests
do not, so that no test process imports torch.
"""
