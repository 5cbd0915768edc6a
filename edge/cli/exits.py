"""What the command's exit codes mean."""

FINE = 0
FAULTS = 1
USAGE = 2
UNREACHABLE = 3
SERVICE_CONFIG = 78  # sysexits.h EX_CONFIG: systemd does not try again
