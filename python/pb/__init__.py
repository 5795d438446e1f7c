"""Stubs of the protos in proto/, written by scripts/generate."""
