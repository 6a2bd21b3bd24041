# elastickv: every command, from nothing but make, sh and either npm or Bun.
#
#   make run      build and serve (data in .data/)     make build    dist/elastickv
#   make test     unit and conformance tests           make check    format, lint, types, arrows, proto, lockfiles
#   make deb      dist/elastickv_VERSION_amd64.deb    make tarball  the same for other distributions, with install.sh
#   make bench    all benchmarks                       make proto    regenerate src/gen from proto/
#   make fix      format and fix lint                  make clean    remove what was built
#   make sim      simulated clusters (SEED= SECONDS=)  make sim-planted  every planted bug must be caught
#   make host-test  updates of three Debian hosts with systemd (root; HOSTS=install)
#   make cluster  three nodes on loopback (data in .data-cluster/PORT/; ARGS="--base-port 9200 --nodes 5")

SHELL := /bin/sh
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help

BUN := node_modules/.bin/bun
BOOTSTRAPPED := node_modules/.bootstrapped
BINARY := dist/elastickv
SOURCES := $(shell find src -type f 2>/dev/null) package.json scripts/build.ts

.PHONY: help run cluster build deb tarball package-test test check fix bench proto proto-check clean smoke process-test client-install client-test host-test

help:
	@sed -n 's/^#  //p' Makefile

# --- from nothing -----------------------------------------------------------------------------------------------------

$(BOOTSTRAPPED): package.json package-lock.json bun.lock scripts/bootstrap.sh
	@sh scripts/bootstrap.sh

$(BINARY): $(SOURCES) | $(BOOTSTRAPPED)
	@$(BUN) scripts/build.ts $(BINARY)

build: $(BINARY)

# dist/elastickv_VERSION_amd64.deb and dist/elastickv-VERSION-linux-amd64.tar.gz (docs/operations/install.md): of this commit, built when the binary is not.
deb tarball: $(BOOTSTRAPPED)
	@$(BUN) scripts/package.ts $@

# Flags: make run ARGS="--s3-address :9000". The environment is passed on. exec: ^C reaches the node and not a shell.
run: $(BINARY)
	@exec $(BINARY) serve --data-dir "$${ELASTICKV_DATA_DIR:-.data}" $(ARGS)

# exec, as in run.
cluster: $(BINARY)
	@exec $(BUN) scripts/cluster.ts $(BINARY) $(ARGS)

# --- quality ----------------------------------------------------------------------------------------------------------

# A limit proves nothing, it only ends what hangs: Bun's own 5 s would fail sockets and workers on a machine that is busy.
test: $(BOOTSTRAPPED)
	@$(BUN) test --timeout 30000 $(TESTS)

check: $(BOOTSTRAPPED)
	@$(BUN) scripts/check.ts

fix: $(BOOTSTRAPPED)
	@$(BUN) node_modules/@biomejs/biome/bin/biome check --write

proto: $(BOOTSTRAPPED)
	@sh scripts/gen-proto.sh

proto-check: $(BOOTSTRAPPED)
	@sh scripts/gen-proto.sh --check

# --- simulated clusters (test/sim) --------------------------------------------------------------------------------------

# Fresh seeds for SECONDS, from SEED on or from a random one, which is printed. ARGS: --nodes 5, --trace (one seed, loud).
SECONDS ?= 60
sim: $(BOOTSTRAPPED)
	@$(BUN) test/sim/run.ts --seconds "$(SECONDS)" $(if $(SEED),--seed "$(SEED)") $(ARGS)

sim-planted: $(BOOTSTRAPPED)
	@$(BUN) test/sim/planted.ts $(ARGS)

# --- the binary at work -----------------------------------------------------------------------------------------------

smoke: $(BINARY)
	@$(BUN) test ./test/smoke/binary.ts

# Package and tarball of the real binary; what needs none is in make test (test/package).
package-test: $(BOOTSTRAPPED)
	@$(BUN) test --timeout 600000 ./test/package/real.ts

process-test: $(BINARY)
	@bash test/process/run.sh

# Three Debian hosts, each with systemd as PID 1 (needs root, debootstrap, iproute2, openssh-client, haproxy, and the clients boto3, node, rclone).
# HOSTS="install update": only these. LONG=1: 20 updates, objects of 1 GiB, and a host that vanishes at each step in each way.
host-test: $(BOOTSTRAPPED)
	@ELASTICKV_HOST_TEST_LONG="$(LONG)" bash test/hosts/run.sh $(HOSTS)

# Real S3 clients, pinned: Debian's, and libraries in .cache/clients. ONLY="python go java" leaves out what needs root.
client-install:
	@bash test/clients/install.sh $(ONLY)

# CLUSTER=3: three nodes, the clients at a follower. CLIENTS="boto3 rclone": only these. What is not installed is skipped.
client-test: $(BINARY)
	@ELASTICKV_TEST_NODES="$(or $(CLUSTER),1)" bash test/clients/run.sh $(CLIENTS)

bench: $(BINARY)
	@$(BUN) bench/run.ts $(ARGS)

clean:
	rm -rf dist .cache coverage bench/results
