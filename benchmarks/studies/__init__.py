"""Questions that a choice or a warning of the documentation rests on, measured."""
