"""AOTInductor: what torch.export has captured, compiled ahead of time for one device.

https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html
"""
