"""Preparations, a folder for each export method: what is changed in models of libraries that the
method cannot take as they are.

    torch_export    torchvision's detectors, at any height and width

A preparation is a function that takes an eager model in eval mode, changes this one instance in
place (its weights and their names stay as they are) and returns in words what it changed. The
prepared model gives the plain one's answers. Nothing of the library itself is replaced.
`Architecture.preparations` names such functions; models of your own need their own.
"""
