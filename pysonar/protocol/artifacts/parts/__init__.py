"""What artifacts are made of: fields and their checks, bindings, tensors, records, limits of size, errors."""
