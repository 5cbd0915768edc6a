"""What leaves the box on paper or in a file: plots, later records and tables."""
