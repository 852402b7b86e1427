"""The statistics service's index: events read beside Ponder, and how long each question takes."""
