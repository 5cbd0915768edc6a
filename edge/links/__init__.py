"""One shell per medium: what moves bytes between the pure rooms and the world."""
