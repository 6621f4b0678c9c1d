"""Preparations: what a user changes in a model so that an export method can capture it.

    torch_export   of the R-CNNs and RetinaNet
    one_stage      of FCOS, SSD and SSDlite
    pointrend, panoptic

A preparation is a function that takes an eager model in eval mode,
changes this one instance in place (its weights and their names stay as they are) and answers in
words what it changed. The prepared model gives the plain one's answers: boxes, scores and labels in
the same order, masks and keypoints but for rounding. Nothing of torchvision itself is replaced. The
other files hold what is put into the model: of the image (`resizing`), of boxes (`boxes`), of what
is found in a box (`regions`).
"""
