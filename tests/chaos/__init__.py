"""Whole campaigns while everything goes wrong at once; run by `make chaos`."""
