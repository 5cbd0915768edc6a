"""Drivers of pins, each against the other end: chips on I2C, files of kernel modules, coils on Modbus."""

import asyncio
import contextlib

import pytest

from edge.core.errors import ConfigError, DeviceError
from edge.links.pins import Pins, closes_low, is_pin
from edge.links.pins.bus import Bus
from edge.links.pins.expander import Expanders
from edge.links.pins.sysfs import SysFs
from edge.simulator.modbus import TcpHost


class Chip:
    """A PCF8574: what is written drives, what is read is the pins; others can pull the high ones down."""

    def __init__(self):
        self.out, self.pulled_down = 0xFF, 0

    def write(self, data):
        (self.out,) = data

    def read(self, count):
        return bytes((self.out & ~self.pulled_down & 0xFF,)) * count

    def close(self):
        pass


class Registers:
    """An MCP23017: a register's number first, then what goes into it; reading goes on from there."""

    def __init__(self):
        self.registers = bytearray(22)
        self.registers[0:2] = b"\xff\xff"
        self.outside = [0xFF, 0xFF]
        self.at = 0

    def write(self, data):
        self.at = data[0]
        if len(data) > 1:
            self.registers[data[0]] = data[1]

    def read(self, count):
        port = self.at - 0x12
        direction, latch = self.registers[port], self.registers[0x14 + port]
        return bytes((self.outside[port] & direction | latch & ~direction & 0xFF,)) * count

    def close(self):
        pass


def test_a_pcf8574_drives_and_reads_its_pins_without_disturbing_the_others():
    chip = Chip()
    driver = Expanders(lambda bus, address: chip)
    relay, contact = driver.output("i2c-1/0x24/0", high=False), driver.input("i2c-1/0x24/7", pull="up")
    assert chip.out == 0xFE
    assert contact.read() is True
    chip.pulled_down = 0x80
    assert contact.read() is False
    relay.write(high=True)
    assert chip.out == 0xFF
    with pytest.raises(ConfigError):
        driver.output("i2c-1/0x24/8", high=False)


def test_an_mcp23017_has_directions_pull_ups_and_two_ports():
    chip = Registers()
    driver = Expanders(lambda bus, address: chip)
    relay, contact = (
        driver.output("i2c-1/0x20/mcp23017/1", high=True),
        driver.input("i2c-1/0x20/mcp23017/11", pull="up"),
    )
    assert (chip.registers[0], chip.registers[0x14]) == (0xFD, 0x02)
    assert chip.registers[0x0D] == 0x08
    assert contact.read() is True
    chip.outside[1] = 0xF7
    assert contact.read() is False
    relay.write(high=False)
    assert chip.registers[0x14] == 0


def test_a_chip_that_is_gone_cannot_be_read_and_says_so_when_it_is_driven():
    class Gone(Chip):
        def read(self, count):
            raise OSError(121, "Remote I/O error")

        def write(self, data):
            if self.out != 0xFF or data != b"\xff":
                raise OSError(121, "Remote I/O error")

    driver = Expanders(lambda bus, address: Gone())
    contact = driver.input("i2c-1/0x22/3", pull="up")
    assert contact.read() is None
    with pytest.raises(ConfigError):
        driver.output("i2c-1/0x22/4", high=False)
    with pytest.raises(ConfigError):
        Expanders().input("i2c-99/0x22/3", pull="up")


def test_a_file_with_a_number_has_a_pin_for_each_bit(tmp_path):
    file = tmp_path / "DOUT_DATA"
    file.write_text("5\n")
    driver = SysFs()
    relay = driver.output(f"{file}#1", high=True)
    assert int(file.read_text()) == 7
    relay.write(high=False)
    assert int(file.read_text()) == 5
    assert driver.input(f"{file}#2", pull="none").read() is True
    file.write_text("nonsense\n")
    with pytest.raises(ConfigError):
        driver.input(f"{file}#2", pull="none")
    file.unlink()
    with pytest.raises(DeviceError):
        relay.write(high=True)


def test_a_channel_makes_pulses_by_hardware(tmp_path):
    for name in ("period", "duty_cycle", "enable"):
        (tmp_path / name).write_text("0\n")
    channel = SysFs().pulse(str(tmp_path), hertz=1_000)

    def told(name):
        return int((tmp_path / name).read_text())

    assert (told("period"), told("duty_cycle"), told("enable")) == (1_000_000, 1_000_000, 1)
    channel.set(266_666)
    assert told("duty_cycle") == 266_666
    with pytest.raises(ConfigError):
        SysFs().pulse(str(tmp_path / "gpio7"), hertz=1_000)


class Coils:
    """A box of relays and contacts."""

    def __init__(self):
        self.bits = {16: 0, 3: 1}
        self.writes = 0

    async def read(self, function, address, count):
        return [self.bits.get(address + place, 0) for place in range(count)]

    async def write(self, function, address, values):
        self.writes += 1
        self.bits[address] = values[0]

    def spoil(self, frame):
        return frame


async def until(condition):
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError


async def test_coils_on_modbus_are_asked_for_and_written_again():
    coils = Coils()
    server = TcpHost({1: coils})
    await server.start()
    driver = Bus()
    place = f"127.0.0.1:{server.port}/1"
    contact = driver.input(f"{place}/coil/3", pull="none")
    relay = driver.output(f"{place}/coil/16", high=True)
    assert contact.read() is None
    task = asyncio.create_task(driver.run())
    await until(lambda: contact.read() is True and coils.bits[16] == 1)
    coils.bits[3] = 0
    await until(lambda: contact.read() is False)
    coils.bits[16] = 0  # it has lost its power, and forgotten
    await until(lambda: coils.bits[16] == 1)
    relay.write(high=False)
    await until(lambda: coils.bits[16] == 0)
    with pytest.raises(ConfigError):
        driver.output(f"{place}/input/1", high=False)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    driver.close()
    await server.stop()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("GPIO22", True),
        ("gpiochip1/5", True),
        ("/sys/class/ionopi/digital_in/di1", True),
        ("i2c-1/0x20/mcp23017/11", True),
        ("box.lan:502/1/input/3", True),
        ("GPOI22", False),
        ("22", False),
        ("/etc/passwd", False),
        ("i2c-1/34/3", False),
        ("", False),
    ],
)
def test_how_a_pin_is_written(name, is_one):
    assert is_pin(name) is is_one


def test_a_label_stands_for_its_pin_and_who_is_unknown_is_told_what_is_allowed(tmp_path):
    (tmp_path / "di1").write_text("1\n")
    pins = Pins({"DI1": "GPIO5"})
    assert pins.pin("DI1") == "GPIO5"
    with pytest.raises(ConfigError, match="is no pin here"):
        pins.input("DI9")
    assert closes_low("GPIO5")
    assert not closes_low("/sys/class/ionopi/digital_in/di1")
