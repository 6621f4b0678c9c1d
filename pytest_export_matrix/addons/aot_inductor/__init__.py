"""AOTInductor: compile ahead of time, for one device, what torch.export has captured.

https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html
"""
