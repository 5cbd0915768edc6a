"""Whose fault it was: the families of errors that adapters catch by name; everything else is a bug."""


class ConfigError(Exception):
    """The installer's: the configuration cannot be right."""


class DeviceError(Exception):
    """A device's: it is silent, or what it says makes no sense."""


class PeerError(Exception):
    """The other end's: a charger, a cloud or a broker broke the protocol, refused or went away."""
