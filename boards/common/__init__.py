"""What the boards have in common: links and memory, each without a second purpose."""
