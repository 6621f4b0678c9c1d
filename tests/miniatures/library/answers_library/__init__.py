"""A library whose classes a model answers in. Importing this alone registers none of them."""
