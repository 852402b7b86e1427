"""The owner's data: what is registered, how it is read, and which campaigns it fits."""
