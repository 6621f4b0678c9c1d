"""What Sphinx needs of this repository beside the pages: the reference, and pages from outside."""
