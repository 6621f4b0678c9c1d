"""The steps of a cell, one file each, with the names of the tasks that workers do for them.

step            what all steps share: lock, store, worker, second try, keep
prepare         a model's weights, and its eager answers
agree           whether another eager model answers alike
export          the file of one capture
build_program   the program of a runtime that is not in Python
infer           a cell's file in its runtime, compared with the eager answers (by two tasks)
"""
