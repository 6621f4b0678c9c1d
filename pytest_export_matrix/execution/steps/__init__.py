"""The steps of a cell, one file each, named as the tasks that workers carry out for them.

step            what all have in common: lock, store, worker, second try, keep
prepare         a model's weights, and its eager answers
agree           whether another eager model answers alike
export          the files of one capture
build_program   the program that a runtime works in
infer           a cell's file in its runtime, compared with the eager answers
"""
