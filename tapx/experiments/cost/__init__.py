"""What a forward pass costs: counted operations and measured times."""
