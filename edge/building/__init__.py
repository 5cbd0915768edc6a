"""Towards the building: its management sees the lot, and may lower it."""
