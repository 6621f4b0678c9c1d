"""The detection suite: real detectors, and tests of what is claimed of them."""
