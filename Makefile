# npsync - GNU make, no configure.  `make help` lists the targets.
# Connectors and migrations are found by folder.  O=dir builds a variant.

O ?= build
VERSION := 0.1.0
PREFIX ?= /usr
SYSCONFDIR ?= /etc
UNITDIR ?= /lib/systemd/system

# make splits paths at blanks: everything below is relative to here.
CC ?= cc
PKGS := libpq libcurl jansson libconfig openssl libidn2 zlib
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla \
	-Wwrite-strings -Wcast-qual -Wpointer-arith -Wformat=2 -Wundef \
	-Wnull-dereference -Wdouble-promotion -Wswitch -Wno-overlength-strings
ifeq ($(findstring clang,$(CC)),)
WARN += -Walloca -Wduplicated-cond -Wduplicated-branches -Wlogical-op \
	-Wimplicit-fallthrough=5 -Wjump-misses-init
endif
HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	-fcf-protection -fPIE
OPT ?= -O2 -g
SAN ?=
WERROR ?=
# CFLAGS, CPPFLAGS, LDFLAGS from outside are added, never replaced.
BASE_CPPFLAGS := -D_GNU_SOURCE -DNPSYNC_VERSION='"$(VERSION)"' -Idaemon -Iconnectors \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
BASE_CFLAGS := -std=c11 $(OPT) $(if $(SAN),,$(HARDEN)) $(SAN) $(WARN) $(WERROR)
BASE_LDFLAGS := $(SAN) -pie -Wl,-z,relro,-z,now,-z,noexecstack
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lunistring -lm
TEST_LIBS := -lcmocka
# For the tests, a hundred links: gold and lld take a third of bfd's time.  The
# program itself is linked by the compiler's own.  Of clang's sanitizers gold
# has hundreds of warnings.  FASTLD=: the compiler's own for all.
FASTLD ?= $(firstword $(foreach l,$(if $(findstring clang,$(CC)),,gold) lld,$(if \
	$(wildcard $(addsuffix /ld.$(l),$(subst :, ,$(PATH)))),-fuse-ld=$(l))))
SIM_LIBS := -lmicrohttpd -ljansson -lcrypto -lz

DAEMON_SRC := $(wildcard daemon/*.c)
CONNECTOR_SRC := $(wildcard connectors/*/*.c)
LIB_SRC := $(filter-out daemon/main.c,$(DAEMON_SRC)) $(CONNECTOR_SRC)
SQL := $(sort $(wildcard daemon/sql/[0-9]*.sql))
PROFILES := $(sort $(wildcard conf/crm.d/*.conf conf/survey.d/*.conf))
TEMPLATES := $(sort $(wildcard conf/templates/*.txt conf/templates/*.html))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
DB_SRC := $(wildcard tests/db/test_*.c)
SYSTEM_SRC := $(wildcard tests/system/test_*.c)
TORTURE_SRC := $(wildcard tests/torture/test_*.c)
EXCHANGE_SRC := $(wildcard tests/exchange/test_*.c)
TESTLIB_SRC := $(wildcard tests/lib/*.c)
SIMS := $(patsubst tests/sim/%.c,%,$(wildcard tests/sim/*.c))

comma := ,
obj = $(patsubst %,$(O)/%.o,$(basename $(1)))
LIB_OBJ := $(call obj,$(LIB_SRC)) $(O)/gen/registry.o $(O)/gen/embed.o $(O)/gen/migrations.o \
	$(O)/gen/templates.o $(O)/gen/profiles.o
TESTLIB_OBJ := $(call obj,$(TESTLIB_SRC))
TESTS := $(patsubst %.c,$(O)/%,$(UNIT_SRC) $(DB_SRC) $(EXCHANGE_SRC) $(SYSTEM_SRC) \
	$(TORTURE_SRC))
SIM_BINS := $(patsubst %,$(O)/tests/sim/%,$(SIMS))

all: $(O)/npsync

$(O)/npsync: $(O)/daemon/main.o $(LIB_OBJ)
	$(CC) $(BASE_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Tests link the objects themselves, not an archive: the statement table of
# db.h must be complete in every one.
$(O)/tests/%: $(O)/tests/%.o $(TESTLIB_OBJ) $(LIB_OBJ)
	$(CC) $(BASE_LDFLAGS) $(FASTLD) $(LDFLAGS) -o $@ $^ $(LIBS) $(TEST_LIBS)

# The program and tests/torture with failpoints (daemon/failpoint.h) and with
# allocations of ours that can fail (tests/lib/allocfault.h).
WRAP := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc strdup strndup)
FAULT_SRC := $(shell grep -lw FAILPOINT $(DAEMON_SRC) $(CONNECTOR_SRC)) daemon/failpoint.c
FAULT_OBJ := $(patsubst %.c,$(O)/fault/%.o,$(FAULT_SRC)) \
	$(filter-out $(call obj,$(FAULT_SRC)),$(LIB_OBJ))
FAULT_DIRS := $(patsubst %/,$(O)/fault/%,$(sort $(dir $(FAULT_SRC))))
$(FAULT_DIRS):
	@mkdir -p $@
$(O)/fault/%.o: %.c | $(FAULT_DIRS)
	$(CC) $(BASE_CPPFLAGS) -DNPSYNC_FAILPOINTS $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(O)/npsync-fault: $(O)/daemon/main.o $(O)/tests/lib/allocfault.o $(FAULT_OBJ)
	$(CC) $(BASE_LDFLAGS) $(FASTLD) $(LDFLAGS) $(WRAP) -o $@ $^ $(LIBS)
$(O)/tests/torture/%: $(O)/tests/torture/%.o $(TESTLIB_OBJ) $(FAULT_OBJ)
	$(CC) $(BASE_LDFLAGS) $(FASTLD) $(LDFLAGS) $(WRAP) -o $@ $^ $(LIBS) $(TEST_LIBS)
$(O)/tests/unit/test_allocfault: LDFLAGS += $(WRAP)

# Test servers: one program per file, its further parts in parts/<name>/; an
# archive of what they share, so that each takes what it needs.
SIM_COMMON := $(O)/tests/sim/parts/common.a
$(SIM_COMMON): $(call obj,$(wildcard tests/sim/parts/common/*.c))
	@rm -f $@
	$(AR) rcs $@ $^
define SIM_RULE
$(O)/tests/sim/$(1): $(call obj,tests/sim/$(1).c $(wildcard tests/sim/parts/$(1)/*.c)) $(SIM_COMMON)
	$$(CC) $$(BASE_LDFLAGS) $$(FASTLD) $$(LDFLAGS) -o $$@ $$^ $$(SIM_LIBS)
endef
$(foreach s,$(SIMS),$(eval $(call SIM_RULE,$(s))))

# Taken in by .incbin, which no compiler lists.
$(O)/tests/sim/parts/superoffice/contract.o: tests/sim/parts/superoffice/openapi.json

# One process for a folder, not one for each file in it.
OBJ_DIRS := $(patsubst %/,$(O)/%,$(sort $(dir $(wildcard daemon/*.c connectors/*/*.c \
	tests/*/*.c tests/sim/parts/*/*.c))))
$(OBJ_DIRS):
	@mkdir -p $@
$(O)/%.o: %.c | $(OBJ_DIRS)
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -Itests/lib -MMD -MP -c -o $@ $<

# ---- generated: connector registry, migrations, sample configuration --------
$(O)/gen/registry.c: $(wildcard connectors/*/crm.c connectors/*/survey.c) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "connector.h"'; \
	for f in $(sort $(wildcard connectors/*/crm.c)); do d=$${f#connectors/}; \
	  echo "extern const struct crm_connector $${d%/crm.c}_crm;"; done; \
	for f in $(sort $(wildcard connectors/*/survey.c)); do d=$${f#connectors/}; \
	  echo "extern const struct survey_connector $${d%/survey.c}_survey;"; done; \
	echo 'const struct crm_connector *const crm_connectors[] = {'; \
	for f in $(sort $(wildcard connectors/*/crm.c)); do d=$${f#connectors/}; \
	  echo "	&$${d%/crm.c}_crm,"; done; echo '	NULL };'; \
	echo 'const struct survey_connector *const survey_connectors[] = {'; \
	for f in $(sort $(wildcard connectors/*/survey.c)); do d=$${f#connectors/}; \
	  echo "	&$${d%/survey.c}_survey,"; done; echo '	NULL };'; } > $@

# .incbin keeps the exact bytes, read-only, in a position independent program.
$(O)/gen/embed.S: $(SQL) $(TEMPLATES) $(PROFILES) conf/npsync.conf Makefile
	@mkdir -p $(@D)
	@{ echo '	.section .rodata'; \
	echo '	.globl conf_sample'; echo 'conf_sample:'; \
	echo '	.incbin "conf/npsync.conf"'; echo '	.byte 0'; \
	for f in $(SQL); do b=$$(basename $$f .sql); \
	  echo "	.globl sql_$$b"; echo "sql_$$b:"; \
	  echo "	.incbin \"$$f\""; echo "	.globl sql_$${b}_end"; \
	  echo "sql_$${b}_end:"; echo '	.byte 0'; done; \
	for f in $(TEMPLATES); do b=$$(basename $$f | tr . _); \
	  echo "	.globl template_$$b"; echo "template_$$b:"; \
	  echo "	.incbin \"$$f\""; echo '	.byte 0'; done; \
	for f in $(PROFILES); do b=$$(echo $$f | tr /.- ___); \
	  echo "	.globl profile_$$b"; echo "profile_$$b:"; \
	  echo "	.incbin \"$$f\""; echo '	.byte 0'; done; \
	echo '	.section .note.GNU-stack,"",@progbits'; } > $@
$(O)/gen/embed.o: $(O)/gen/embed.S
	$(CC) -c -o $@ $<
$(O)/gen/templates.c: $(TEMPLATES) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "template.h"'; \
	for f in $(TEMPLATES); do \
	  echo "extern const char template_$$(basename $$f | tr . _)[];"; done; \
	echo 'const struct template_file template_files[] = {'; \
	for f in $(TEMPLATES); do b=$$(basename $$f); \
	  echo "	{ \"$$b\", template_$$(echo $$b | tr . _) },"; done; \
	echo '	{ NULL, NULL } };'; } > $@
$(O)/gen/profiles.c: $(PROFILES) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "options.h"'; \
	for f in $(PROFILES); do \
	  echo "extern const char profile_$$(echo $$f | tr /.- ___)[];"; done; \
	echo 'const struct options_profile options_profiles[] = {'; \
	for f in $(PROFILES); do d=$$(basename $$(dirname $$f)); \
	  echo "	{ \"$$d\", \"$$(basename $$f .conf)\", profile_$$(echo $$f | tr /.- ___) },"; done; \
	echo '	{ NULL, NULL, NULL } };'; } > $@
$(O)/gen/migrations.c: $(SQL) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "schema.h"'; \
	for f in $(SQL); do b=$$(basename $$f .sql); \
	  echo "extern const char sql_$$b[], sql_$${b}_end[];"; done; \
	echo 'static struct schema_migration table[] = {'; \
	for f in $(SQL); do b=$$(basename $$f .sql); \
	  echo "	{ $$(echo $$b | sed 's/^0*\([0-9]*\)_.*/\1/'), \"$$b\", sql_$$b, 0 },"; done; \
	echo '	{ 0, NULL, NULL, 0 } };'; \
	echo 'const struct schema_migration *schema_table(void);'; \
	echo 'const struct schema_migration *schema_table(void) {'; \
	n=0; for f in $(SQL); do b=$$(basename $$f .sql); \
	  echo "	table[$$n].len = (size_t)(sql_$${b}_end - sql_$$b);"; n=$$((n+1)); done; \
	echo '	return table; }'; } > $@
$(O)/gen/%.o: $(O)/gen/%.c
	$(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) -std=c11 $(OPT) $(if $(SAN),,$(HARDEN)) $(SAN) $(CFLAGS) -c -o $@ $<

tests-build: $(O)/npsync $(O)/npsync-fault $(TESTS) $(SIM_BINS)

# ---- the set-up comes first ---------------------------------------------------
# pkg-config may be among what it installs: whatever builds is a second make.
AGAIN = $(MAKE) --no-print-directory -s $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all

demo:
	@tests/setup.sh demo
	@echo "building in $(O)/"
	@$(AGAIN) demo-build
	@NPSYNC_BUILD=$(O) conf/demo/run.sh
demo-build: $(O)/npsync $(SIM_BINS)

# Some run at a time (tests/run.sh).  T=num runs those whose name has "num".
# The long ones first: nothing waits for them at the end.
CHECKS = $(sort $(wildcard tests/*/test_*.sh)) \
	$(patsubst %.c,$(O)/%,$(SYSTEM_SRC) $(TORTURE_SRC) $(DB_SRC) $(EXCHANGE_SRC) $(UNIT_SRC))
# Tests of the set-up, of the shell's own tools and of other tests (defects that
# are sown and must be caught) run no more of npsync than the others: sanitizers
# have nothing to add to them.  By T=name they run all the same.
PLAIN := tests/system/test_setup.sh tests/system/test_controls.sh \
	tests/system/test_nights_controls.sh tests/unit/test_syscallfault.sh \
	tests/unit/test_failpoint_release.sh
LONG_CHECKS = $(filter %.sh,$(LONG_SRC)) $(patsubst %.c,$(O)/%,$(filter %.c,$(LONG_SRC)) $(TORTURE_SRC))
LONG_SRC = $(shell grep -lw NPSYNC_LONG tests/*/test_*.c tests/*/test_*.sh)
CHECK = $(if $(LONG),$(filter $(LONG_CHECKS),$(CHECKS)),$(CHECK_SHORT))
CHECK_SHORT = $(if $(T),$(foreach c,$(CHECKS),$(if $(findstring $(T),$(c)),$(c))),$(filter-out $(if $(SAN),$(PLAIN)),$(CHECKS)))
check:
	@tests/setup.sh check
	@echo "building in $(O)/"
	@$(AGAIN) tests-build
	@$(if $(SAN),$(if $(T),:,printf 'not under sanitizers: %s\n' '$(PLAIN)'),:)
	@$(if $(NPSYNC_LONG),NPSYNC_LONG=$(NPSYNC_LONG)) NPSYNC_MAKEFLAGS='$(INNER_FLAGS)' tests/run.sh $(if $(NPSYNC_LONG),-t 10800) \
	    -b $(O) -d $(O)/tests $(CHECK)
# All that the tests have which know NPSYNC_LONG, the controls, and ten minutes of
# fuzzing a target; make check runs a slice of each.  T=name: those tests alone.
check-long:
	@$(MAKE) --no-print-directory NPSYNC_LONG=1 $(if $(T),,LONG=1) check
	@$(if $(T),:,$(MAKE) --no-print-directory controls)
	@$(if $(T),:,$(MAKE) --no-print-directory fuzz SECONDS=600)
# Seeded defects that the tests must see.  T=claim: those whose name has "claim".
INNER_FLAGS = $(filter-out --jobserver% -j%,$(MAKEFLAGS))
controls:
	@tests/setup.sh check
	@NPSYNC_MAKEFLAGS='$(INNER_FLAGS)' tests/controls/run.sh -b $(O) $(T)
check-asan:
	@$(MAKE) --no-print-directory check O=build-asan SAN="$(ASAN)" \
	    OPT="-O1 -g -fno-omit-frame-pointer"
check-clang:
	@tests/setup.sh clang
	@$(MAKE) --no-print-directory check O=build-clang CC=clang

# Against servers that other people wrote.  T=rt: one of them.
real-build: $(O)/npsync $(SIM_BINS)
check-real:
	@tests/setup.sh check
	@echo "building in $(O)/"
	@$(AGAIN) real-build
	@tests/real/run.sh $(O) $(T)

# Clients and parsers that other people wrote (tests/contract), where node is.
# T=salesforce: one of them.
connectors-build: $(O)/npsync $(SIM_BINS)
check-connectors:
	@tests/setup.sh check
	@echo "building in $(O)/"
	@$(AGAIN) connectors-build
	@tests/contract/run.sh $(O) $(T)

# ---- fuzzing ------------------------------------------------------------------
# One program per tests/fuzz/fuzz_*.c.  In check it replays its corpus; in fuzz
# its main is libFuzzer's.  TARGET=csv: one of them.
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BINS := $(patsubst %.c,$(O)/%,$(FUZZ_SRC))
FUZZ_RUN = $(if $(TARGET),$(foreach f,$(FUZZ_BINS),$(if $(findstring $(TARGET),$(f)),$(f))),$(FUZZ_BINS))
FUZZ_MAIN ?= $(O)/tests/fuzz/replay.o
SECONDS ?= 60
CHECKS += $(FUZZ_BINS)
tests-build: $(FUZZ_BINS)
$(FUZZ_BINS): $(FUZZ_MAIN)
$(O)/tests/fuzz/fuzz_drivers: override LDFLAGS += -Wl,--wrap=http_do -Wl,--wrap=http_pause
.PHONY: fuzz fuzz-build
fuzz:
	@tests/setup.sh check clang
	@echo "building in build-fuzz/"
	@$(AGAIN) fuzz-build O=build-fuzz CC=clang FUZZ_MAIN= \
	    SAN="-fsanitize=fuzzer-no-link $(ASAN)" \
	    OPT="-O1 -g -fno-omit-frame-pointer" LDFLAGS=-fsanitize=fuzzer
	@tests/fuzz/run.sh build-fuzz $(SECONDS) $(patsubst $(O)/%,build-fuzz/%,$(FUZZ_RUN))
fuzz-build: $(FUZZ_RUN)

# ---- benchmarks -----------------------------------------------------------------
# One program per tests/bench/bench_*.c, each beside its rivals; /var/tmp is on
# a disk.  T=decide: one of them; N=100000: fewer rows, ROUNDS=9: more rounds.
# In check they run on few rows.
BENCH_SRC := $(wildcard tests/bench/bench_*.c)
BENCH_BINS := $(patsubst %.c,$(O)/%,$(BENCH_SRC))
BENCH_RUN = $(if $(T),$(foreach b,$(BENCH_BINS),$(if $(findstring $(T),$(notdir $(b))),$(b))),$(BENCH_BINS))
N ?= 1000000
ROUNDS ?= 5
tests-build: $(BENCH_BINS)
$(BENCH_BINS): $(call obj,$(filter-out $(BENCH_SRC),$(wildcard tests/bench/*.c)))
.PHONY: bench bench-build
bench:
	@tests/setup.sh check
	@echo "building in $(O)/"
	@$(AGAIN) bench-build
	@for b in $(BENCH_RUN); do \
	    TMPDIR="$${TMPDIR:-/var/tmp}" "$$b" -n $(N) -r $(ROUNDS) || exit 1; done
bench-build: $(BENCH_BINS)

# One rule alone: make lint L=banned.
lint:
	@tests/setup.sh lint
	@$(AGAIN) lint-build
	@O=$(O) CC="$(CC)" CPPFLAGS='$(BASE_CPPFLAGS) $(CPPFLAGS)' \
	    tests/lint/run.sh $(L)
lint-build: tests-build

analyze:
	@tests/setup.sh analyze
	@$(AGAIN) all O=build-analyze CC=gcc CFLAGS=-fanalyzer
	@printf '%s\n' $(DAEMON_SRC) $(CONNECTOR_SRC) | xargs -P2 -I@ clang-tidy \
	    --quiet @ -- -std=c11 $(BASE_CPPFLAGS) 2>/dev/null

# Lines that the tests reach, the worst first.
coverage:
	@-$(MAKE) --no-print-directory check O=build-cov OPT="-O1 -g" \
	    CFLAGS=--coverage LDFLAGS=--coverage
	@find build-cov/daemon build-cov/connectors -name '*.gcda' -exec gcov -n {} + | \
	    awk -F"'" '/^File/ { f = $$2 } /^Lines/ && f ~ /\.c$$/ { sub(/.*:/, ""); \
	    print $$0, f; f = "" }' | sort -n

# ---- installation ---------------------------------------------------------------
# An edited configuration is never replaced; uninstall leaves it and the state.
bindir = $(DESTDIR)$(PREFIX)/bin
docdir = $(DESTDIR)$(PREFIX)/share/doc/npsync
mandir = $(DESTDIR)$(PREFIX)/share/man
MAN := $(wildcard daemon/*.[578])
UNITS := $(wildcard systemd/*.service systemd/*.timer)
install: all
	install -d "$(bindir)" "$(docdir)/examples" "$(DESTDIR)$(UNITDIR)" \
	    "$(DESTDIR)$(PREFIX)/lib/sysusers.d" "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d" \
	    "$(DESTDIR)$(SYSCONFDIR)/npsync"
	install -m 0755 $(O)/npsync "$(bindir)/npsync"
	for f in $(MAN); do install -D -m 0644 "$$f" \
	    "$(mandir)/man$${f##*.}/$${f##*/}" || exit 1; done
	for f in $(UNITS); do sed 's|/usr/bin/npsync|$(PREFIX)/bin/npsync|' "$$f" \
	    >"$(DESTDIR)$(UNITDIR)/$${f##*/}" || exit 1; \
	    chmod 0644 "$(DESTDIR)$(UNITDIR)/$${f##*/}"; done
	install -m 0644 systemd/npsync.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/npsync.conf"
	install -m 0644 systemd/npsync.tmpfiles "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/npsync.conf"
	install -m 0644 systemd/npsync.sudoers "$(docdir)/examples/npsync.sudoers"
	install -m 0644 conf/npsync.conf conf/examples/*.conf "$(docdir)/examples/"
	for f in $(PROFILES); do install -D -m 0644 "$$f" \
	    "$(docdir)/examples/$${f#conf/}" || exit 1; done
	test -e "$(DESTDIR)$(SYSCONFDIR)/npsync/npsync.conf" || install -m 0640 \
	    conf/npsync.conf "$(DESTDIR)$(SYSCONFDIR)/npsync/npsync.conf"
uninstall:
	rm -f "$(bindir)/npsync" $(foreach f,$(notdir $(UNITS)),"$(DESTDIR)$(UNITDIR)/$(f)") \
	    $(foreach f,$(notdir $(MAN)),"$(mandir)/man$(patsubst .%,%,$(suffix $(f)))/$(f)") \
	    "$(DESTDIR)$(PREFIX)/lib/sysusers.d/npsync.conf" \
	    "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/npsync.conf"
	rm -rf "$(docdir)"

dist:
	@mkdir -p $(O)
	git archive --prefix=npsync-$(VERSION)/ -o $(O)/npsync-$(VERSION).tar.gz HEAD
tags:
	ctags $(wildcard daemon/*.[ch] connectors/*.h connectors/*/*.[ch])

help:
	@echo "make demo          install what is missing, build, run the example night"
	@echo "make check         the same, with all tests (T=name: some of them)"
	@echo "make check-long    all that the tests have (many hours)"
	@echo "make controls      seeded defects, each caught by a test (T=name: some)"
	@echo "make check-real    against Tryton and Request Tracker (T=rt: one)"
	@echo "make check-connectors  servers and requests judged by clients of others (needs node; T=name)"
	@echo "make check-asan    tests under AddressSanitizer and UBSan"
	@echo "make check-clang   tests built by clang"
	@echo "make fuzz          libFuzzer (SECONDS=60 a target, TARGET=csv: one of them)"
	@echo "make bench         the figures of large nights beside rivals (T=decide, N=1000000 rows)"
	@echo "make lint          rules of the house (L=name: one of them)"
	@echo "make analyze       gcc -fanalyzer and clang-tidy"
	@echo "make coverage      lines that the tests reach, by file"
	@echo "make               build $(O)/npsync (O=dir: elsewhere)"
	@echo "make install       program, manual, units (DESTDIR, PREFIX, SYSCONFDIR, UNITDIR)"
	@echo "make uninstall     the same away; configuration and state stay"
	@echo "make dist | tags | clean"

clean:
	rm -rf build build-*

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: all tests-build demo demo-build check check-long check-real real-build check-connectors connectors-build controls check-asan check-clang lint lint-build \
	analyze coverage install uninstall dist tags help clean
.SECONDARY:
.DELETE_ON_ERROR:
