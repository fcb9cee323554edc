# dcetl - see README.md. Everything is built below $(BUILD); nothing else in the tree is touched.
#
#   make            build build/dcetl
#   make demo       install what is missing, build, run the main job on the sample data
#   make demo-pipeline   the same for a pipeline from an HTTP API into MariaDB (examples/pipeline/)
#   make check      install what is missing, build, run every test (check-fast: the quick ones)
#   make check-systems   install the servers (databases, S3 …) that tests talk to, run the tests against them
#   make check-asan check-tsan lint bench accept CASE=… install PREFIX=… clean compile_commands.json
#
# Variables: CC, CXX, CFLAGS, CXXFLAGS, LDFLAGS, BUILD (folder), SANITIZE (asan, tsan), PREFIX, DESTDIR, NO_DEPS=1 (install nothing),
# V=1 (show the commands).
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
CXX := $(if $(filter default,$(origin CXX)),$(if $(findstring clang,$(CC)),clang++,g++),$(CXX))
BUILD ?= build
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config
say = $(if $(V),,@echo '  $(1) $@';)

PACKAGES := libzstd libisal libdeflate libpcre2-8 libxxhash yyjson
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lcsv

SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan := -fsanitize=thread
SAN := $(SAN_$(SANITIZE))
OPT ?= $(if $(SANITIZE),-O1,-O2) -g
STD := -std=c11 -D_GNU_SOURCE -pthread
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror
CFLAGS_ALL = $(STD) $(OPT) $(SAN) -Isrc -I$(BUILD)/gen $(PKG_CFLAGS) $(CFLAGS)
LDLIBS_ALL = $(PKG_LIBS) -lm -pthread -ldl $(LDFLAGS)
CHECK_CFLAGS = -Itests -Imodules $(shell $(PKG_CONFIG) --cflags check)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check)

SRC := $(wildcard src/*/*.c)
OBJ := $(SRC:src/%.c=$(BUILD)/obj/%.o)
GEN := $(patsubst grammar/%.re,$(BUILD)/gen/%_lexer.c,$(wildcard grammar/*.re)) $(patsubst grammar/%.y,$(BUILD)/gen/%.c,$(wildcard grammar/*.y))
GEN += $(BUILD)/gen/library_data.c
GEN_OBJ := $(GEN:.c=.o)
LIBRARY := $(sort $(wildcard stdlib/*.tdl))
LIB := $(BUILD)/libdcetl.a
PAGES := $(patsubst man/%.in,$(BUILD)/man/%,$(wildcard man/*.7.in))
COMPLETION := $(addprefix $(BUILD)/completion/,bash zsh fish)
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# Modules: opened on first use, so that what they need does not slow down every start (src/base/module.h).
MODULES := $(BUILD)/dcetl-tz.so
# Arrow C++ is an option: without it there is no dcetl-arrow.so. It is a package of the system, or what .ci/install-deps unpacked.
ARROW := $(shell $(PKG_CONFIG) --exists 'arrow >= 21' 'parquet >= 21' 2>/dev/null && echo arrow parquet || { $(PKG_CONFIG) --exists dcetl-arrow && echo dcetl-arrow; } 2>/dev/null)
MODULES += $(if $(ARROW),$(BUILD)/dcetl-arrow.so)
ARROW_OBJ := $(patsubst modules/%.cc,$(BUILD)/obj/modules/%.o,$(wildcard modules/arrow/*.cc))
ARROW_CFLAGS := $(if $(ARROW),$(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(ARROW))))
ARROW_LIBS := $(if $(ARROW),$(shell $(PKG_CONFIG) --libs $(ARROW)))
MODULE_FLAGS = $(OPT) $(SAN) -fPIC -fvisibility=hidden -shared -Wl,--as-needed -Isrc -Imodules -Wall -Wextra -Werror

# Modules in C, a folder each: what pkg-config calls the libraries, without which there is no such module, and libraries that it does not know.
C_MODULES := icu codecs archive xml sheet avro net postgres mysql sqlite odbc kafka
NEEDS_icu := icu-i18n icu-uc
NEEDS_codecs := liblzma liblz4 snappy
LIBS_codecs := -lbz2
NEEDS_archive := libarchive libzip
NEEDS_xml := expat
NEEDS_sheet := libarchive expat
NEEDS_avro := yyjson zlib libzstd liblzma snappy
LIBS_avro := -lbz2
NEEDS_net := libcurl libcrypto expat yyjson
NEEDS_postgres := libpq
NEEDS_mysql := libmariadb
NEEDS_sqlite := sqlite3
NEEDS_odbc := odbc
NEEDS_kafka := rdkafka
# What the modules of databases share is compiled into each of them.
SHARED_postgres := $(wildcard modules/sql/*.[ch])
SHARED_mysql := $(SHARED_postgres)
SHARED_sqlite := $(SHARED_postgres)
SHARED_odbc := $(SHARED_postgres)
# The threads of librdkafka are those of C11, which ThreadSanitizer does not follow.
C_MODULES := $(filter-out $(if $(filter tsan,$(SANITIZE)),kafka),$(C_MODULES))
C_MODULES := $(foreach m,$(C_MODULES),$(if $(wildcard modules/$(m)/*.c),$(shell $(PKG_CONFIG) --exists $(NEEDS_$(m)) && echo $(m))))
MODULES += $(C_MODULES:%=$(BUILD)/dcetl-%.so)
UNIT := $(if $(filter net,$(C_MODULES)),$(UNIT),$(filter-out %/test_net %/test_net_parts,$(UNIT)))
MODULE_HEADERS := src/io/codec_backend.h $(wildcard src/*/*_module.h) src/value/arrow_abi.h

all: $(BUILD)/dcetl $(MODULES) $(PAGES) $(COMPLETION)

$(BUILD)/dcetl-tz.so: modules/tz.cc src/value/zone_module.h
	@mkdir -p $(@D)
	$(call say,LINK)$(CXX) -std=c++17 $(MODULE_FLAGS) $(CXXFLAGS) -o $@ $< -lcctz $(LDFLAGS)

define C_MODULE
$(BUILD)/dcetl-$(1).so: $(wildcard modules/$(1)/*.[ch]) $(SHARED_$(1)) modules/module.h $(MODULE_HEADERS)
	@mkdir -p $$(@D)
	$$(call say,LINK)$$(CC) $$(STD) $$(MODULE_FLAGS) $$(shell $$(PKG_CONFIG) --cflags $(NEEDS_$(1))) $$(CFLAGS) -o $$@ $$(filter %.c,$$^) \
	  $$(shell $$(PKG_CONFIG) --libs $(NEEDS_$(1))) $(LIBS_$(1)) $$(LDFLAGS)
endef
$(foreach m,$(C_MODULES),$(eval $(call C_MODULE,$(m))))

$(BUILD)/obj/modules/%.o: modules/%.cc
	@mkdir -p $(@D)
	$(call say,CXX )$(CXX) -std=c++20 $(OPT) $(SAN) -fPIC -fvisibility=hidden -Isrc -Imodules -Wall -Wextra -Werror $(ARROW_CFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/dcetl-arrow.so: $(ARROW_OBJ)
	$(call say,LINK)$(CXX) $(OPT) $(SAN) -shared -Wl,--as-needed $(CXXFLAGS) -o $@ $^ $(ARROW_LIBS) $(LDFLAGS)

$(BUILD)/dcetl: $(BUILD)/obj/cli/main.o $(LIB)
	$(call say,LINK)$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(LIB): $(filter-out %/cli/main.o,$(OBJ)) $(GEN_OBJ)
	@rm -f $@
	$(call say,AR  )ar rcs $@ $^

$(BUILD)/obj/%.o: src/%.c $(BUILD)/gen/.headers
	@mkdir -p $(@D)
	$(call say,CC  )$(CC) $(CFLAGS_ALL) $(WARN) -MMD -MP -c -o $@ $<

# Generated code is compiled without our warnings.
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/gen/.headers
	$(call say,CC  )$(CC) $(CFLAGS_ALL) -w -MMD -MP -c -o $@ $<

$(BUILD)/gen/%_lexer.c: grammar/%.re
	@mkdir -p $(@D)
	$(call say,RE2C)re2c -W -Werror --no-generation-date -i -o $@ $<

# lemon writes beside its input, so it gets a copy; it exits 1 on any conflict.
$(BUILD)/gen/%.c: grammar/%.y
	@mkdir -p $(@D)
	$(call say,LEMON)cp $< $(BUILD)/gen/$*.y && cd $(BUILD)/gen && lemon -l -q $*.y

# The library written in TDL, as C tables (src/lang/library.h).
$(BUILD)/gen/library_data.c: stdlib/embed.awk $(LIBRARY) stdlib
	@mkdir -p $(@D)
	$(call say,TDL )LC_ALL=C awk -f $< $(LIBRARY) >$@

# Token codes (tdl.h) must exist before anything that includes them.
$(BUILD)/gen/.headers: $(GEN)
	@mkdir -p $(@D) && touch $@

# Manual pages and completion come from the tables of the program.
$(BUILD)/man/%: man/%.in $(BUILD)/dcetl
	@mkdir -p $(@D)
	$(call say,MAN )$(BUILD)/dcetl --generate $< > $@.new && mv $@.new $@

$(BUILD)/completion/%: $(BUILD)/dcetl
	@mkdir -p $(@D)
	$(call say,COMP)$(BUILD)/dcetl --generate $* > $@.new && mv $@.new $@

# --- Tests. tests/README.md says how to add one. ---

$(BUILD)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_ALL) $(CHECK_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LIB) $(CHECK_LIBS) $(LDLIBS_ALL)

# The module's sources are linked in, so that its insides can be tested.
$(BUILD)/unit/test_net $(BUILD)/unit/test_net_parts: $(BUILD)/unit/%: tests/unit/%.c $(wildcard modules/net/*.[ch]) modules/module.h src/io/remote_module.h
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_ALL) -Imodules $(shell $(PKG_CONFIG) --cflags $(NEEDS_net)) $(CHECK_CFLAGS) -o $@ $(filter %.c,$^) \
	  $(CHECK_LIBS) $(shell $(PKG_CONFIG) --libs $(NEEDS_net)) $(LDLIBS_ALL)

$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_ALL) -Itests -MMD -MP -MF $@.d -o $@ $< tests/fuzz/replay.c $(LIB) $(LDLIBS_ALL)

# The runner itself is never built with a sanitizer.
$(BUILD)/runner: tests/runner.c tests/case.c tests/case.h
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(STD) -O1 -g $(WARN) $(CHECK_CFLAGS) -o $@ tests/runner.c tests/case.c $(CHECK_LIBS)

unit: $(UNIT) $(MODULES)
	@set -e; for t in $(UNIT); do $$t; done

tests: $(MODULES) $(UNIT) $(FUZZ) $(BUILD)/runner

# `make` reads pkg-config before it runs a recipe, so what was just installed is seen by a second make.
deps:
	@[ -n "$(NO_DEPS)" ] || .ci/install-deps

check: deps
	@$(MAKE) --no-print-directory check-run SUITES=all
check-fast: SUITES = fast
check-fast: check-run
check-asan: SUITES = asan
check-asan: check-run
check-tsan: SUITES = tsan
check-tsan: check-run
check-systems: deps-systems
	@$(MAKE) --no-print-directory check-run SUITES=systems
deps-systems: deps
	@[ -n "$(NO_DEPS)" ] || .ci/install-deps --systems
lint: SUITES = lint
lint: check-run
check-run:
	@MAKE="$(MAKE)" CC="$(CC)" BUILD=$(BUILD) sh tests/check.sh $(SUITES)

accept: all $(BUILD)/runner
	@[ -n "$(CASE)" ] || { echo "usage: make accept CASE=tests/cases/area/name.tdl" >&2; exit 2; }
	DCETL=$(BUILD)/dcetl $(BUILD)/runner --accept $(CASE)

# One libFuzzer binary per target (needs clang): build-fuzz/fuzz_csv tests/fuzz/corpus/fuzz_csv
fuzz:
	$(MAKE) CC=clang BUILD=build-fuzz OPT='-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' build-fuzz/libdcetl.a build-fuzz/dcetl-codecs.so build-fuzz/dcetl-archive.so build-fuzz/dcetl-avro.so build-fuzz/dcetl-sheet.so
	for t in $(notdir $(FUZZ)); do clang $(STD) -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Isrc -Itests -Ibuild-fuzz/gen \
	  -o build-fuzz/$$t tests/fuzz/$$t.c build-fuzz/libdcetl.a $(LDLIBS_ALL) || exit 1; done

bench: all
	python3 tests/bench/bench.py --dcetl $(BUILD)/dcetl $(BENCH)

demo: deps
	@$(MAKE) --no-print-directory all
	@DCETL=$(BUILD)/dcetl sh examples/demo.sh out/demo

demo-pipeline: deps
	@[ -n "$(NO_DEPS)" ] || .ci/install-deps --demo
	@$(MAKE) --no-print-directory all
	@DCETL=$(BUILD)/dcetl sh examples/pipeline/demo.sh

SHARE = $(DESTDIR)$(PREFIX)/share
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/dcetl $(SHARE)/man/man1 $(SHARE)/man/man7 $(SHARE)/dcetl/stdlib
	install -d $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	install -m 755 $(BUILD)/dcetl $(DESTDIR)$(PREFIX)/bin/dcetl
	install -m 755 $(MODULES) $(DESTDIR)$(PREFIX)/lib/dcetl/
	install -m 644 man/dcetl.1 $(SHARE)/man/man1/dcetl.1
	install -m 644 $(PAGES) $(SHARE)/man/man7/
	install -m 644 $(BUILD)/completion/bash $(SHARE)/bash-completion/completions/dcetl
	install -m 644 $(BUILD)/completion/zsh $(SHARE)/zsh/site-functions/_dcetl
	install -m 644 $(BUILD)/completion/fish $(SHARE)/fish/vendor_completions.d/dcetl.fish
	install -m 644 stdlib/*.tdl $(SHARE)/dcetl/stdlib/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/dcetl $(SHARE)/man/man1/dcetl.1 $(addprefix $(SHARE)/man/man7/,$(notdir $(PAGES)))
	rm -f $(SHARE)/bash-completion/completions/dcetl $(SHARE)/zsh/site-functions/_dcetl $(SHARE)/fish/vendor_completions.d/dcetl.fish
	rm -rf $(SHARE)/dcetl $(DESTDIR)$(PREFIX)/lib/dcetl

# For editors and clang tools.
compile_commands.json: Makefile $(SRC)
	@{ echo '['; sep=; for f in $(SRC); do printf '%s{"directory": "%s", "file": "%s", "command": "%s"}\n' "$$sep" "$(CURDIR)" "$$f" \
	  "$(CC) $(CFLAGS_ALL) $(WARN) -c $$f"; sep=,; done; echo ']'; } > $@

clean:
	rm -rf build build-* out compile_commands.json

-include $(OBJ:.o=.d) $(ARROW_OBJ:.o=.d) $(GEN_OBJ:.o=.d) $(UNIT:=.d) $(FUZZ:=.d)
.PHONY: all unit tests deps check check-fast check-asan check-tsan check-systems deps-systems check-run lint accept fuzz bench demo demo-pipeline install uninstall clean
