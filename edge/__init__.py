"""Ampyard: the controller of a parking lot full of AC chargers."""
