"""A declarative language for neural-network architectures, and its compiler."""
