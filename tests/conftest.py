"""What the tests share: pytest's own fixture for running pytest in a project of its own."""

pytest_plugins = ["pytester"]
