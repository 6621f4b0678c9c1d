"""The tasks, one file each, named as the steps that ask for them and as their requests. The step
`infer` asks for two: `infer` runs an engine, `compare` judges its answers in another process.

Each has `run(request, here, stages) -> Answer`: a request of `messages`, and where it is carried
out. What it raises becomes the answer's failure, at the stage that it had begun last.
"""
