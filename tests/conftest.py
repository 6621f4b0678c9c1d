"""What the tests share: pytest's own fixture for running pytest in a project of its own."""

import importlib.util

pytest_plugins = ["pytester"]

# A run of the matrix loads this file too, where nothing of the tests need be installed.
if importlib.util.find_spec("hypothesis"):
    from hypothesis import settings

    settings.register_profile("no_timing", deadline=None)
    settings.load_profile("no_timing")
