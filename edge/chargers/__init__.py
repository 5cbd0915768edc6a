"""Drivers of chargers: each kind behind the same door of the site."""
