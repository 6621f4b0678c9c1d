"""The worker's side: work in other processes, often in another Python.

main          the process, which forks a child for each task
protocol      the files between the two sides;  messages  what they hold
task          one task: its stages, its warnings, its failure
tasks/        one file for each task
model, cases  the model under test, and its kept answers
calls         what an engine is given and what it answers, as files
imports       what may be imported;  dependencies  the files that were read
used          the packages that were used
"""
