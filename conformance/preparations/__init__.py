"""Preparations of the suite's own models for torch.export; those of torchvision's detectors are in
`pytest_export_matrix.preparations`, which says what a preparation is."""
