# dcetl - see README.md. Variables: CC, BUILD (folder), SANITIZE (asan, tsan), PREFIX, DESTDIR.
CC ?= gcc
BUILD ?= build
PREFIX ?= /usr/local
PKG_CONFIG ?= pkg-config

PACKAGES := libzstd zlib libpcre2-8 libxxhash
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lcsv

SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan := -fsanitize=thread
SAN := $(SAN_$(SANITIZE))
OPT ?= -O2 -g
STD := -std=c11 -D_GNU_SOURCE -pthread
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror
CFLAGS_ALL = $(STD) $(OPT) $(SAN) -Isrc -I$(BUILD)/gen $(PKG_CFLAGS) $(CFLAGS)
LDLIBS_ALL = $(PKG_LIBS) -lm -pthread -ldl $(LDFLAGS)

SRC := $(wildcard src/*/*.c)
OBJ := $(SRC:src/%.c=$(BUILD)/obj/%.o)
GEN := $(patsubst grammar/%.re,$(BUILD)/gen/%_lexer.c,$(wildcard grammar/*.re)) $(patsubst grammar/%.y,$(BUILD)/gen/%.c,$(wildcard grammar/*.y))
GEN_OBJ := $(GEN:.c=.o)
LIB := $(BUILD)/libdcetl.a
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)

all: $(BUILD)/dcetl

$(BUILD)/dcetl: $(BUILD)/obj/cli/main.o $(LIB)
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LDLIBS_ALL)

$(LIB): $(filter-out %/cli/main.o,$(OBJ)) $(GEN_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/obj/%.o: src/%.c $(BUILD)/gen/.headers
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(WARN) -MMD -MP -c -o $@ $<

# Generated code is compiled without our warnings.
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(CC) $(CFLAGS_ALL) -w -c -o $@ $<

$(BUILD)/gen/%_lexer.c: grammar/%.re
	@mkdir -p $(@D)
	re2c -W -Werror --no-generate-dates -i -o $@ $<

# lemon writes beside its input, so it gets a copy; it exits 1 on any conflict.
$(BUILD)/gen/%.c: grammar/%.y
	@mkdir -p $(@D)
	cp $< $(BUILD)/gen/$*.y && cd $(BUILD)/gen && lemon -l -q $*.y

# Token codes (tdl.h) must exist before anything that includes them.
$(BUILD)/gen/.headers: $(GEN)
	@mkdir -p $(@D) && touch $@

$(BUILD)/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests $(shell $(PKG_CONFIG) --cflags check) -MMD -MP -o $@ $< $(LIB) $(shell $(PKG_CONFIG) --libs check) $(LDLIBS_ALL)

unit: $(UNIT)
	@set -e; for t in $(UNIT); do $$t; done

clean:
	rm -rf build build-*

-include $(OBJ:.o=.d) $(UNIT:=.d)
.PHONY: all unit clean
