"""Where this machine could find devices: its serial ports, and the IPv4 networks that it is in."""

import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

_ADDRESS, _NETMASK = 0x8915, 0x891B  # SIOCGIFADDR, SIOCGIFNETMASK of Linux's sockios.h
_NARROWEST = 22  # 1022 addresses: of a larger network only the nearest 254


_PORTS = ("ttyUSB*", "ttyACM*", "ttyAMA*", "ttySC*", "ttyS*")
_NO_HARDWARE = "0"  # the kernel's PORT_UNKNOWN


def serial_ports(devices: Path = Path("/dev"), classes: Path = Path("/sys/class/tty")) -> list[str]:
    """The ports behind which there is hardware."""
    ports = (port for pattern in _PORTS for port in sorted(devices.glob(pattern)))
    return [str(port) for port in ports if _type_of(classes / port.name / "type") != _NO_HARDWARE]


def _type_of(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:  # only some drivers have one
        return ""


def local_networks() -> list[ipaddress.IPv4Network]:
    """One for each interface that has an address; the loopback is none."""
    networks = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            try:
                address, mask = (_asked(asking, what, name) for what in (_ADDRESS, _NETMASK))
            except OSError:  # an interface without an address
                continue
            network = ipaddress.IPv4Interface(f"{address}/{mask}").network
            if network.is_loopback:
                continue
            if network.prefixlen < _NARROWEST:
                network = ipaddress.IPv4Interface(f"{address}/24").network
            networks.append(network)
    return list(dict.fromkeys(networks))


def _asked(asking: socket.socket, what: int, interface: str) -> str:
    answer = fcntl.ioctl(asking.fileno(), what, struct.pack("256s", interface.encode()[:15]))
    return socket.inet_ntoa(answer[20:24])
