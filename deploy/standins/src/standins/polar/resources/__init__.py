"""One file a resource: the operations that are called of it."""
