"""The tasks, one file each, named as the steps that ask for them and as their requests.

Each has `run(request, here, stages) -> Answer`: a request of `messages`, and where it is carried
out. What it raises becomes the answer's failure, at the stage that it had begun last.
"""
