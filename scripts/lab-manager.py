"""The service manager of a lab: it starts a daemon, keeps the descriptors it hands over with
FDSTORE=1 through its death (sd_notify(3)), and passes them to its next life (sd_listen_fds(3)).

    lab-manager.py DIR PROGRAM [ARGUMENT ...]

DIR gets `notify` (the socket), `daemon.pid`, and `ready` after each READY=1. What the daemon says
goes to DIR/log/daemon. SIGHUP starts the next life.
"""

import array
import os
import select
import signal
import socket
import sys

lab, command = sys.argv[1], sys.argv[2:]
FIRST_PASSED = 3  # SD_LISTEN_FDS_START
FIRST_KEPT = 200  # out of the way of the numbers they get when they are passed
stored = {}  # the name of each kept descriptor
daemon = None


def write(name, text):
    """All at once: who waits for the file must not find half of it."""
    with open(f"{lab}/{name}.new", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(f"{lab}/{name}.new", f"{lab}/{name}")


def start():
    global daemon
    daemon = os.fork()
    if daemon > 0:
        write("daemon.pid", f"{daemon}\n")
        return
    log = os.open(f"{lab}/log/daemon", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    environment = dict(os.environ, NOTIFY_SOCKET=f"{lab}/notify")
    if stored:
        for number, descriptor in enumerate(stored):
            os.dup2(descriptor, FIRST_PASSED + number)
        environment["LISTEN_PID"] = str(os.getpid())
        environment["LISTEN_FDS"] = str(len(stored))
        environment["LISTEN_FDNAMES"] = ":".join(stored.values())
    os.execvpe(command[0], command, environment)


def is_kept(descriptor):
    """The same socket twice is one entry, as systemd has it."""
    status = os.fstat(descriptor)
    return any(os.path.samestat(status, os.fstat(other)) for other in stored)


def take(text, descriptors):
    lines = text.decode("utf-8", "replace").split("\n")
    name = next((line[7:] for line in lines if line.startswith("FDNAME=")), "stored")
    if "FDSTOREREMOVE=1" in lines:
        for descriptor in [key for key, value in stored.items() if value == name]:
            os.close(descriptor)
            del stored[descriptor]
    for descriptor in descriptors:
        if "FDSTORE=1" in lines and not is_kept(descriptor):
            number = next(n for n in range(FIRST_KEPT, 1024) if n not in stored)
            stored[os.dup2(descriptor, number, inheritable=False)] = name
        os.close(descriptor)
    if "READY=1" in lines:
        write("ready", "")


waker, woken = socket.socketpair()
woken.setblocking(False)
for number in [signal.SIGHUP, signal.SIGCHLD]:
    signal.signal(number, lambda *_: None)
waker.setblocking(False)
signal.set_wakeup_fd(waker.fileno())
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(f"{lab}/notify")
start()
while True:
    for ready in select.select([notify, woken], [], [])[0]:
        if ready is notify:
            size = array.array("i").itemsize
            said, control, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(16 * size))
            passed = array.array("i")
            for _, kind, octets in control:
                if kind == socket.SCM_RIGHTS:
                    passed.frombytes(octets[: len(octets) - len(octets) % size])
            take(said, passed)
            continue
        for number in woken.recv(64):
            if number == signal.SIGHUP:
                start()
            elif daemon:
                # Reaped, so that its number is free; SIGHUP comes after its end.
                os.waitpid(daemon, os.WNOHANG)
