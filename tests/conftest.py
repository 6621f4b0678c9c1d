"""What the tests share: pytest's own fixture for running pytest in a project of its own."""

from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("no_timing", deadline=None)
settings.load_profile("no_timing")
