# The two that a new machine needs are plain scripts; these targets only call them.
#
#   make demo       show the main job on real packets
#   make test       build, and pass every test
#   make endurance  the daemon killed a thousand times under traffic (half an hour)
#   make fuzz       feed the decoders what nobody would send: SECONDS each, 60 unless said
#   make bench      what it costs, beside the same without it
#   make build      the release build that is installed
#   make install    to DESTDIR and PREFIX; settings of yours are never overwritten
#   make uninstall  leaves /etc/regionlock and the state alone
#   make format     bring the sources into form      make lint   tell what is not
#   make clean      remove what was built

PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= /lib/systemd/system
RELEASE = .build/release
# Identical functions are folded: the many copies that generics leave.
RELEASE_FLAGS = -c release --static-swift-stdlib -Xlinker --icf=safe
SECONDS ?= 60
# Our own Swift files: not what SwiftPM has checked out below .build.
SOURCES = Package.swift Sources Tests

.PHONY: demo test endurance fuzz bench build install uninstall format lint clean

demo:
	scripts/demo

test:
	scripts/test

endurance:
	REGIONLOCK_KILLS=1000 scripts/test KillTests

fuzz:
	scripts/fuzz -s $(SECONDS)

bench:
	scripts/bench

build:
	swift build $(RELEASE_FLAGS) --product regionlockd
	swift build $(RELEASE_FLAGS) --product regionlock

install: build
	install -d '$(DESTDIR)$(PREFIX)/sbin' '$(DESTDIR)$(PREFIX)/bin'
	install -m 0755 -s $(RELEASE)/regionlockd '$(DESTDIR)$(PREFIX)/sbin/regionlockd'
	install -m 0755 -s $(RELEASE)/regionlock '$(DESTDIR)$(PREFIX)/bin/regionlock'
	scripts/install-data '$(DESTDIR)' '$(PREFIX)' '$(SYSCONFDIR)' '$(UNITDIR)'

uninstall:
	scripts/install-data --remove '$(DESTDIR)' '$(PREFIX)' '$(SYSCONFDIR)' '$(UNITDIR)'
	rm -f '$(DESTDIR)$(PREFIX)/sbin/regionlockd' '$(DESTDIR)$(PREFIX)/bin/regionlock'

format:
	swift format -i -r $(SOURCES)

lint:
	swift format lint --strict -r $(SOURCES)

clean:
	rm -rf .build
