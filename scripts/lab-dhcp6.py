"""Sends one DHCPv6 SOLICIT as a liar would: any MAC in the frame, any words in the message.

lab-dhcp6.py INTERFACE FRAME-MAC SOURCE [duid=HEXADECIMAL] [name=TEXT] [wants=ADDRESS]

SOURCE is the address it says it is sent from. For the laboratory's namespaces only.
"""
import socket
import struct
import sys

GROUP = socket.inet_pton(socket.AF_INET6, "ff02::1:2")


def option(code, value):
    return struct.pack("!HH", code, len(value)) + value


def options(words):
    made = b""
    for word in words:
        key, value = word.split("=", 1)
        if key == "duid":
            made += option(1, bytes.fromhex(value))
        elif key == "name":
            made += option(39, bytes([1, len(value)]) + value.encode())
        elif key == "wants":
            address = socket.inet_pton(socket.AF_INET6, value)
            inner = option(5, address + struct.pack("!II", 600, 600))
            made += option(3, struct.pack("!III", 1, 0, 0) + inner)
        else:
            sys.exit(f"lab-dhcp6.py: no option {key}")
    return made


def checksum(octets):
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF


def main():
    interface, frame, source = sys.argv[1:4]
    message = bytes([1, 0x52, 0x4C, 0x36]) + options(sys.argv[4:])
    length = 8 + len(message)
    ends = socket.inet_pton(socket.AF_INET6, source) + GROUP
    bare = struct.pack("!HHHH", 546, 547, length, 0) + message
    total = checksum(ends + struct.pack("!II", length, 17) + bare)
    datagram = struct.pack("!HHHH", 546, 547, length, total) + message
    packet = struct.pack("!IHBB", 6 << 28, length, 17, 1) + ends + datagram
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        sender = bytes.fromhex(frame.replace(":", ""))
        wire.send(b"\x33\x33\x00\x01\x00\x02" + sender + b"\x86\xdd" + packet)


main()
