"""Towards a cloud: every charger of the lot as a station of its own, with its whole past in order."""
