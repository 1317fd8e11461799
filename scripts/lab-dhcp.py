"""Sends one DHCP message as a liar would: any MAC in the frame, any in the message.

lab-dhcp.py INTERFACE FRAME-MAC CHADDR TYPE [OPTION=VALUE ...]

TYPE is the number of RFC 2132 section 9.6; options: id (hexadecimal), name, class, wants (address).
For the laboratory's namespaces only.
"""
import socket
import struct
import sys


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def option(code, value):
    return bytes([code, len(value)]) + value


def options(words):
    made = b""
    for word in words:
        key, value = word.split("=", 1)
        if key == "id":
            made += option(61, bytes.fromhex(value))
        elif key == "name":
            made += option(12, value.encode())
        elif key == "class":
            made += option(60, value.encode())
        elif key == "wants":
            made += option(50, socket.inet_aton(value))
        else:
            sys.exit(f"lab-dhcp.py: no option {key}")
    return made


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main():
    interface, frame, chaddr, kind = sys.argv[1:5]
    head = struct.pack("!BBBBIHH16x16s192x", 1, 1, 6, 0, 0x524C3032, 0, 0x8000, mac(chaddr))
    message = head + bytes([99, 130, 83, 99]) + option(53, bytes([int(kind)]))
    message += options(sys.argv[5:]) + b"\xff"
    # A checksum of 0 says that there is none (RFC 768).
    datagram = struct.pack("!HHHH", 68, 67, 8 + len(message), 0) + message
    fields = (0x45, 0, 20 + len(datagram), 0, 0, 64, 17)
    ends = socket.inet_aton("0.0.0.0") + socket.inet_aton("255.255.255.255")
    bare = struct.pack("!BBHHHBBH", *fields, 0) + ends
    packet = struct.pack("!BBHHHBBH", *fields, checksum(bare)) + ends + datagram
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        wire.send(b"\xff" * 6 + mac(frame) + b"\x08\x00" + packet)


main()
