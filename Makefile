# What a newcomer types. Everything real is in scripts/, CMakePresets.json and CMakeLists.txt.
SHELL := /bin/bash
PREFIX ?= /usr/local
# Installs missing packages; `make SETUP=: TARGET` leaves the system alone.
SETUP ?= scripts/setup.sh
# Of `make fuzz`, for each decoder.
SECONDS ?= 60

.PHONY: help setup build demo test bench up down install lint format asan tsan soak fuzz clean
.DEFAULT_GOAL := help

help: ## list the targets (the default)
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## install the packages that are missing (Debian, as root or with sudo)
	@$(SETUP)

build: setup ## build the command: build/release/bin/cachekit
	@scripts/build.sh release

demo: build ## see it work: the main job on the embedded cache, no server needed
	@scripts/demo.sh

test: setup ## build and run all tests, against real servers on free ports
	@scripts/test.sh dev

bench: setup ## compare with other clients, side by side: make bench BENCH='--rows redis'
	@scripts/build.sh bench
	@scripts/bench.sh $(BENCH)

up: build ## start local Redis (6379) and Memcached (11211)
	@scripts/servers.sh up

down: ## stop what `make up` started
	@scripts/servers.sh down

install: build ## install command, libraries and headers: make install PREFIX=/usr/local
	@cmake --install build/release --prefix "$(abspath $(PREFIX))"

lint: ## check format, names, include rules, headers and scripts
	@$(SETUP) --lint
	@scripts/lint.sh

format: ## rewrite all sources with clang-format
	@$(SETUP) --lint
	@scripts/lint.sh --format

asan: setup ## run the tests under the address and undefined behaviour sanitizers
	@$(SETUP) --lint
	@scripts/test.sh asan

tsan: setup ## run the tests under the thread sanitizer
	@$(SETUP) --lint
	@scripts/test.sh tsan

soak: setup ## 20 million verified calls while servers and network fail (half an hour)
	@scripts/soak.sh

fuzz: ## feed the decoders made-up bytes, for SECONDS=60 each
	@$(SETUP) --lint
	@scripts/fuzz.sh $(SECONDS)

clean: ## remove everything that was built
	rm -rf build
